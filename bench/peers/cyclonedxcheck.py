"""Whether files are CycloneDX 1.6 JSON, strictly: by the schema that CycloneDX's own Python library carries. Usage: cyclonedxcheck.py LIBRARY FILE..."""
import sys

sys.path.insert(0, sys.argv[1])
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

validator = JsonStrictValidator(SchemaVersion.V1_6)
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        problem = validator.validate_str(file.read())
    print("valid" if problem is None else f"invalid: {str(problem)[:500]}")
