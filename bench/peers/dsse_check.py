"""`dsse PEM ENVELOPE [ARTIFACT]` verifies with securesystemslib; `statement BUNDLE [ARTIFACT]` validates with in-toto-attestation, and the predicate with its own message where that package has one. Neither looks at an artifact, so its digest is compared here, as every caller has to."""
import base64
import hashlib
import json
import sys


def compare(payload, artifact):
    digest = hashlib.sha256(open(artifact, "rb").read()).hexdigest()
    if all(subject["digest"].get("sha256") != digest for subject in json.loads(payload)["subject"]):
        raise SystemExit("the artifact is no subject")


def dsse(pem, path, artifact=None):
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    envelope = json.load(open(path))
    envelope = envelope.get("dsseEnvelope", envelope)
    keyid = envelope["signatures"][0]["keyid"]
    key = SSlibKey(keyid, "ecdsa", "ecdsa-sha2-nistp256", {"public": open(pem).read()})
    accepted = Envelope.from_dict(envelope).verify([key], 1)
    if artifact:
        compare(base64.b64decode(envelope["payload"]), artifact)
    print("verified by", *accepted)


def statement(path, artifact=None):
    from google.protobuf import json_format
    from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    payload = base64.b64decode(json.load(open(path))["dsseEnvelope"]["payload"])
    parsed = json_format.Parse(payload, statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()
    if artifact:
        compare(payload, artifact)
    # Its message for the VSA has one level where the specification has a list, so only this one is parsed.
    messages = {"https://in-toto.io/attestation/test-result/v0.1": test_result_pb2.TestResult}
    message = messages.get(parsed.predicate_type)
    if message is not None:
        json_format.ParseDict(json.loads(payload)["predicate"], message())
    print(parsed.predicate_type, "and its predicate" if message else "")


{"dsse": dsse, "statement": statement}[sys.argv[1]](*sys.argv[2:])
