"""`BUNDLE MODELS PROMPTS` with `maestro models list --json` on standard input: what a statement of drafts names, hashed from the files themselves. MODELS is the state folder's, PROMPTS the source's; prints task, path, model and prompt of each draft in which words of a model stand."""
import base64
import hashlib
import json
import os
import sys

bundle, models, prompts = sys.argv[1:]


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def model_digest(model):
    folder = os.path.join(models, model["digest"])
    files = [{"role": one["role"], "name": one["name"], "sha256": sha256(os.path.join(folder, one["name"])), "bytes": os.path.getsize(os.path.join(folder, one["name"]))} for one in model["files"]]
    return hashlib.sha256(json.dumps(files, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


stored = {one["model"]["name"]: one["model"] for one in json.load(sys.stdin)["models"]}
payload = base64.b64decode(json.load(open(bundle))["dsseEnvelope"]["payload"])
for draft in json.loads(payload)["predicate"]["drafts"]:
    if draft["path"] == "rules":
        continue
    name, prompt = draft["model"]["name"], draft["prompt"]["name"]
    found = model_digest(stored[name]), sha256(os.path.join(prompts, prompt + ".txt"))
    if found != (draft["model"]["digest"], draft["prompt"]["sha256"]):
        raise SystemExit(f"{draft['task']} names {draft['model']['digest']} and {draft['prompt']['sha256']}, the files are {found}")
    print(draft["task"], draft["path"], name, prompt)
