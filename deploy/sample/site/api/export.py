#!/usr/bin/python3
"""A report that grows while it is sent, so that Apache sends it in chunks."""
import time

print("Content-Type: text/csv\n", flush=True)
print("id,name,sold", flush=True)
for day in range(1, 41):
    print(f"{day % 3 + 1},{('Cup', 'Tea pot', 'Kettle')[day % 3]},{day * 7 % 23}", flush=day % 10 == 0)
    if day % 10 == 0:
        time.sleep(0.02)
