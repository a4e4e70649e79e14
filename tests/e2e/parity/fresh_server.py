"""An Apache with ModSecurity that logs everything it sees, in a folder of its own."""

import os
import random
import subprocess
from pathlib import Path
from typing import List

MODULES = Path("/usr/lib/apache2/modules")
PORT = 8080           # as RFC 9112 wants it
LENIENT_PORT = 8081   # HttpProtocolOptions Unsafe: Apache takes, and ModSecurity logs, what it refuses on PORT
INSPECTED = ["text/plain", "text/html", "text/css", "application/json", "application/octet-stream", "image/jpeg"]

CONFIGURATION = """
ServerRoot "{root}"
ServerName parity.test
PidFile "{root}/apache.pid"
DefaultRuntimeDir "{root}"
ErrorLog "{root}/error.log"
LogLevel warn
User {user}
Group {group}
{modules}
StartServers 4
MaxRequestWorkers 8
Timeout 5
KeepAlive On
KeepAliveTimeout 3
MaxKeepAliveRequests 0
TraceEnable On
TypesConfig /etc/mime.types
DocumentRoot "{root}/site"
DirectoryIndex index.html
Redirect 302 /old /index.html
ErrorDocument 403 "no entry"
<Directory "{root}/site">
  Options +ExecCGI
  Require all granted
</Directory>
<Location /secret>
  Require all denied
</Location>
AddHandler cgi-script .cgi
AddOutputFilterByType DEFLATE text/css application/json
Header set X-Served-By "webtap parity" env=!quiet

SecRuleEngine DetectionOnly
SecAuditEngine On
SecAuditLogType Serial
SecAuditLog "{root}/audit.log"
SecAuditLogParts ABCEFHIJKZ
SecRequestBodyAccess On
SecRequestBodyLimit 16777216
SecRequestBodyNoFilesLimit 16777216
SecResponseBodyAccess On
SecResponseBodyLimit 16777216
SecResponseBodyMimeType {inspected}
SecTmpDir "{root}/tmp"
SecDataDir "{root}/tmp"
SecRule ARGS "@contains script" "id:1,phase:2,pass,log,msg:'script in an argument'"

Listen {port}
Listen {lenient}
<VirtualHost *:{port}>
  ServerName www.site1.test
</VirtualHost>
<VirtualHost *:{port}>
  ServerName www.site2.test
  Header set X-Site two
</VirtualHost>
<VirtualHost *:{port}>
  ServerName shop.example.test
</VirtualHost>
<VirtualHost *:{lenient}>
  ServerName lenient.test
  HttpProtocolOptions Unsafe LenientMethods Allow0.9
</VirtualHost>
"""

ECHO = """#!/bin/sh
printf 'Content-Type: text/plain\\r\\nX-Method: %s\\r\\n\\r\\nbody follows\\n' "$REQUEST_METHOD"
# Apache writes the whole body before it reads the answer: more than a pipe holds cannot be echoed.
case "$QUERY_STRING" in count) exec wc -c ;; *) exec cat ;; esac
"""

STREAM = """#!/bin/sh
printf 'Status: 201 Created\\r\\nContent-Type: text/plain\\r\\nSet-Cookie: a=1\\r\\nSet-Cookie: b=2; Path=/\\r\\n\\r\\n'
for i in 1 2 3 4 5; do printf 'line %s\\n' $i; sleep 0.02; done
"""

MODULE_NAMES = ("mpm_prefork authn_core authz_core authz_host alias cgi deflate dir env filter headers mime setenvif "
                "unique_id")


def missing() -> List[str]:
    """What the machine lacks to run this server."""
    wanted = {"apache2-bin": Path("/usr/sbin/apache2"), "libapache2-mod-security2": MODULES / "mod_security2.so",
              "media-types": Path("/etc/mime.types")}
    return [package for package, path in wanted.items() if not path.exists()]


def write_site(site: Path, rnd: random.Random) -> None:
    words = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor".split()

    def text(lines: int) -> bytes:
        return "".join(" ".join(rnd.choices(words, k=12)) + "\n" for _ in range(lines)).encode()

    (site / "secret").mkdir(parents=True)
    (site / "index.html").write_bytes(b"<html><body>\n" + text(40) + b"</body></html>\n")
    (site / "style.css").write_bytes(text(200))
    (site / "data.json").write_bytes(b'{"words": "' + text(60).replace(b"\n", b"\\n") + b'"}')
    (site / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + rnd.randbytes(60_000))
    (site / "big.bin").write_bytes(rnd.randbytes(900_000))
    (site / "empty.txt").write_bytes(b"")
    (site / "note.txt").write_bytes(b"no end of line, \x00 and \xff, and --0badcafe-Z--")
    (site / "secret" / "index.html").write_bytes(b"hidden")
    for name, script in (("echo.cgi", ECHO), ("stream.cgi", STREAM)):
        (site / name).write_text(script, encoding="ascii")
        (site / name).chmod(0o755)


def write(root: Path, rnd: random.Random) -> Path:
    """Makes the site and the configuration below `root`; returns the configuration's path."""
    os.chmod(root, 0o755)
    (root / "tmp").mkdir(mode=0o777)
    os.chmod(root / "tmp", 0o777)
    write_site(root / "site", rnd)
    modules = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in MODULE_NAMES.split()]
    modules.append(f"LoadModule security2_module {MODULES}/mod_security2.so")
    configuration = root / "apache.conf"
    configuration.write_text(
        CONFIGURATION.format(root=root, user="www-data", group="www-data", modules="\n".join(modules),
                             inspected=" ".join(INSPECTED), port=PORT, lenient=LENIENT_PORT), encoding="utf-8")
    return configuration


def check(configuration: Path) -> str:
    """What Apache says against the configuration; empty if nothing."""
    done = subprocess.run(["/usr/sbin/apache2", "-f", str(configuration), "-t"], capture_output=True, check=False)
    return "" if done.returncode == 0 else done.stderr.decode("utf-8", "replace")
