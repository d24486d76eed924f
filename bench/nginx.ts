/** The peer to measure against: nginx with its Lua module, one worker, a log line and a request id as Bearerway has them. */
import { existsSync } from 'node:fs';

const modules = '/usr/lib/nginx/modules';

/** Debian's `nginx` and `libnginx-mod-http-lua`. */
export const hasNginx = existsSync('/usr/sbin/nginx') && existsSync(`${modules}/ngx_http_lua_module.so`);

export function nginxConfig(folder: string, port: number, target: string, connections: number): string {
  const { protocol, host } = new URL(target);
  const tls = protocol === 'https:' ? 'proxy_ssl_session_reuse on; proxy_ssl_verify off;' : '';
  return `
load_module ${modules}/ndk_http_module.so;
load_module ${modules}/ngx_http_lua_module.so;
worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log crit;
events { worker_connections 4096; }
http {
  log_format line escape=json '{"time":"$time_iso8601","requestId":"$request_id","method":"$request_method","path":"$uri","status":$status,"durationMs":$request_time,"upstreamMs":"$upstream_response_time","bytesIn":$request_length,"bytesOut":$body_bytes_sent,"client":"$remote_addr:$remote_port"}';
  access_log ${folder}/access.log line;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  keepalive_requests 100000000; client_max_body_size 0; proxy_request_buffering off; proxy_max_temp_file_size 0;
  lua_shared_dict tokens 1m;
  init_by_lua_block { ngx.shared.tokens:set("main", "bench-token") }
  map $http_upgrade $hop { default upgrade; '' ''; }
  upstream api { server ${host}; keepalive ${connections}; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location /api/ {
      access_by_lua_block { ngx.req.set_header("Authorization", "Bearer " .. ngx.shared.tokens:get("main")) }
      proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $hop; proxy_set_header X-Request-Id $request_id; ${tls}
      proxy_pass ${protocol}//api/;
    }
  }
}
`;
}
