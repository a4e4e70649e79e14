#!/usr/bin/python3
"""The shop's goods as JSON: all, or those whose names contain the parameter q; POST adds one."""
import json
import os
import sys
from urllib.parse import parse_qs

GOODS = [{"id": 1, "name": "Tea pot", "price": 24.5}, {"id": 2, "name": "Kettle", "price": 39.0},
         {"id": 3, "name": "Cup", "price": 6.2}]

if os.environ["REQUEST_METHOD"] == "POST":
    # A chunked request has no CONTENT_LENGTH: Apache gives its body until the end of the input.
    length = os.environ.get("CONTENT_LENGTH")
    item = json.loads(sys.stdin.buffer.read(int(length) if length else -1))
    print("Status: 201 Created\nContent-Type: application/json\n")
    print(json.dumps({"id": 4, **item}))
else:
    wanted = "".join(parse_qs(os.environ.get("QUERY_STRING", "")).get("q", [""])).lower()
    print("Content-Type: application/json\n")
    print(json.dumps([item for item in GOODS if wanted in item["name"].lower()]))
