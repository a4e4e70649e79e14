#!/usr/bin/python3
"""Puts an item in the cart and sends the visitor back to it."""
import os
import sys
from urllib.parse import parse_qs

form = parse_qs(sys.stdin.read(int(os.environ.get("CONTENT_LENGTH") or 0)))
item = "".join(form.get("item", ["0"]))
if not item.isdigit():
    print("Status: 400 Bad Request\nContent-Type: text/plain\n\nNo such item.")
else:
    print(f"Status: 303 See Other\nLocation: http://shop.example.test/?added={item}\nContent-Length: 0\n")
