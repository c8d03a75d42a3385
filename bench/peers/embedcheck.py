"""Vectors of texts by onnxruntime and tokenizers: mean of the last hidden states, unit length. Reads {"texts": [...], "threads": n, "rounds": n} from a file, prints vectors and seconds."""
import base64, json, sys, time
import numpy, onnxruntime, tokenizers

model, tokenizer_file, asked = sys.argv[1:4]
order = json.load(open(asked))
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = order["threads"]
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
tokenizer = tokenizers.Tokenizer.from_file(tokenizer_file)
tokenizer.no_padding()
tokenizer.enable_truncation(256)


def embed(text):
    encoded = tokenizer.encode(text)
    tensor = lambda values: numpy.array([values], dtype=numpy.int64)
    states = session.run(["last_hidden_state"], {"input_ids": tensor(encoded.ids), "attention_mask": tensor(encoded.attention_mask), "token_type_ids": tensor(encoded.type_ids)})[0][0]
    mean = states.astype(numpy.float64).mean(axis=0)
    return (mean / numpy.linalg.norm(mean)).astype(numpy.float32)


vectors = [embed(text) for text in order["texts"]]
seconds = []
for _ in range(order["rounds"]):
    began = time.perf_counter()
    for text in order["texts"]:
        embed(text)
    seconds.append(time.perf_counter() - began)
json.dump({"vectors": base64.b64encode(b"".join(vector.tobytes() for vector in vectors)).decode(), "seconds": seconds}, sys.stdout)
