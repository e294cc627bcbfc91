"""nginx and Caddy in front of a small data API, the sidecar beside them.

Arguments: nginx (or nothing), Caddy (or nothing), the sidecar's address, a folder to work in. The data API believes its
proxy, and shows of each row what the obligations let it show.
"""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

nginx, caddy, sidecar, work = sys.argv[1:5]
ROWS = [{"id": "a1", "iban": "DE00"}, {"id": "b2", "iban": "FR00"}]


class DataApi(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        masks = json.loads(self.headers["x-meshgate-masks"])
        assert json.loads(self.headers["x-meshgate-row-filters"]) == [] == json.loads(self.headers["x-meshgate-duties"])
        hidden = {mask["column"] for mask in masks}
        rows = [{key: "***" if key in hidden else value for key, value in row.items()} for row in ROWS]
        body = json.dumps(rows).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


def free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, path, method="GET", headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def try_through(name, port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    analyst = {"x-user": "ada", "x-groups": "analysts"}
    status, body = ask(port, "/orders/1?x=2", headers=analyst)
    assert status == 200, (name, status, body)
    assert json.loads(body) == [{"id": "a1", "iban": "***"}, {"id": "b2", "iban": "***"}], (name, body)
    refused = [
        ("/orders", "GET", {"x-user": "eve"}),
        ("/orders", "GET", {}),
        ("/orders", "POST", analyst),
        ("/other", "GET", analyst),
        # A client that says that it is another request, or another proxy.
        ("/other", "GET", {**analyst, "x-original-uri": "/orders", "x-forwarded-uri": "/orders"}),
        ("/orders", "POST", {**analyst, "x-original-method": "GET", "x-forwarded-method": "GET"}),
        # Or who it is: the proxy's word counts.
        ("/orders", "GET", {"x-user": "eve", "x-meshgate-subject": "ada", "x-meshgate-groups": "analysts"}),
    ]
    for path, method, headers in refused:
        status, body = ask(port, path, method, headers)
        assert status == 403, (name, path, method, headers, status, body)
    # Obligations are the sidecar's word, whatever a client says.
    status, body = ask(port, "/orders", headers={**analyst, "x-meshgate-masks": "[]"})
    assert status == 200 and b"DE00" not in body, (name, status, body)
    print(f"{name}: answered")


api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), DataApi)
threading.Thread(target=api.serve_forever, daemon=True).start()
upstream = f"127.0.0.1:{api.server_address[1]}"
running = []
try:
    if nginx:
        port = free()
        config = f"""
daemon off; master_process off; pid {work}/nginx.pid; error_log {work}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {work}; proxy_temp_path {work}; fastcgi_temp_path {work}; uwsgi_temp_path {work}; scgi_temp_path {work};
  server {{
    listen 127.0.0.1:{port};
    location / {{
      auth_request /_meshgate;
      auth_request_set $masks $upstream_http_x_meshgate_masks;
      auth_request_set $filters $upstream_http_x_meshgate_row_filters;
      auth_request_set $duties $upstream_http_x_meshgate_duties;
      proxy_set_header X-Meshgate-Masks $masks;
      proxy_set_header X-Meshgate-Row-Filters $filters;
      proxy_set_header X-Meshgate-Duties $duties;
      proxy_pass http://{upstream};
    }}
    location = /_meshgate {{
      internal;
      proxy_pass http://{sidecar}/ext-authz/nginx;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-URI $request_uri;
      proxy_set_header X-Meshgate-Subject $http_x_user;
      proxy_set_header X-Meshgate-Groups $http_x_groups;
    }}
  }}
}}
"""
        with open(f"{work}/nginx.conf", "w", encoding="utf-8") as file:
            file.write(config)
        running.append(subprocess.Popen([nginx, "-c", f"{work}/nginx.conf", "-p", work, "-e", f"{work}/nginx.log"]))
        try_through("nginx", port)
    if caddy:
        port = free()
        config = f"""
{{
	admin off
	auto_https off
}}
http://127.0.0.1:{port} {{
	# In this order: by itself Caddy would ask before it sets the headers.
	route {{
		request_header -X-Meshgate-*
		request_header X-Meshgate-Subject {{http.request.header.X-User}}
		request_header X-Meshgate-Groups {{http.request.header.X-Groups}}
		forward_auth {sidecar} {{
			uri /ext-authz/caddy
			copy_headers X-Meshgate-Masks X-Meshgate-Row-Filters X-Meshgate-Duties
		}}
		reverse_proxy {upstream}
	}}
}}
"""
        with open(f"{work}/Caddyfile", "w", encoding="utf-8") as file:
            file.write(config)
        place = {**os.environ, "HOME": work, "XDG_DATA_HOME": work, "XDG_CONFIG_HOME": work}
        command = [caddy, "run", "--config", f"{work}/Caddyfile", "--adapter", "caddyfile"]
        log = open(f"{work}/caddy.log", "w", encoding="utf-8")
        running.append(subprocess.Popen(command, env=place, stdout=log, stderr=log))
        try_through("Caddy", port)
finally:
    for process in running:
        process.terminate()
        process.wait()
