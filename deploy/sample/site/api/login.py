#!/usr/bin/python3
"""Lets one user in, and nobody else."""
import os
import sys
from urllib.parse import parse_qs

form = parse_qs(sys.stdin.read(int(os.environ.get("CONTENT_LENGTH") or 0)))
if form.get("user") == ["mary"] and form.get("password") == ["not-a-real-password"]:
    print("Status: 302 Found\nLocation: http://shop.example.test/\nSet-Cookie: sid=8f14e45fceea167a; HttpOnly\n")
else:
    print("Status: 403 Forbidden\nContent-Type: text/plain\n\nUnknown user or wrong password.")
