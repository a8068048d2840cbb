package proxies

import "strings"

// Kinds returns all proxies with the configurations that the tests cover.
func Kinds() []Kind {
	return []Kind{
		nginx("nginx", "proxy_http_version 1.1;"),
		nginx("nginx with HTTP/1.0 to the server", ""),
		nginx("nginx that ignores Vary and Set-Cookie", "proxy_http_version 1.1; proxy_ignore_headers Vary Set-Cookie;"),
		haproxy, caddy,
	}
}

// nginx returns nginx with a cache and compression, and with more directives.
func nginx(name, more string) Kind {
	return Kind{
		Name:     name,
		HasCache: true,
		command: func(dir string) []string {
			return []string{"nginx", "-p", dir, "-c", dir + "/nginx.conf", "-e", "stderr"}
		},
		files: map[string]string{"nginx.conf": strings.Replace(nginxConf, "MORE", more, 1)},
	}
}

const nginxConf = `
daemon off;
user root; # if started as root: the folder is closed to others
worker_processes 2;
error_log stderr warn;
pid DIR/pid;
events {}
http {
	access_log off;
	client_body_temp_path DIR/body;
	proxy_temp_path DIR/proxy;
	fastcgi_temp_path DIR/fastcgi;
	uwsgi_temp_path DIR/uwsgi;
	scgi_temp_path DIR/scgi;
	proxy_cache_path DIR/cache keys_zone=pages:1m;
	gzip on;
	gzip_proxied any;
	gzip_types *;
	server {
		listen LISTEN ssl http2;
		ssl_certificate DIR/cert.pem;
		ssl_certificate_key DIR/cert.pem;
		location / {
			proxy_pass http://SERVER;
			proxy_set_header Host $http_host;
			proxy_set_header X-Forwarded-Proto https;
			proxy_cache pages;
			proxy_cache_valid 200 1m; # also pages that say nothing about caching
			MORE
		}
	}
}
`

var haproxy = Kind{
	Name:     "HAProxy",
	HasCache: true,
	command:  func(dir string) []string { return []string{"haproxy", "-db", "-f", dir + "/haproxy.cfg"} },
	files: map[string]string{"haproxy.cfg": `
defaults
	mode http
	timeout connect 1m
	timeout client 2m
	timeout server 2m
cache pages
	total-max-size 4
	max-object-size 1000000
	max-age 60
	process-vary on
frontend front
	bind LISTEN ssl crt DIR/cert.pem alpn h2,http/1.1
	http-request set-header X-Forwarded-Proto https
	default_backend back
backend back
	filter cache pages
	filter compression
	compression algo gzip
	http-request cache-use pages
	http-response cache-store pages
	server server SERVER
`},
}

// Debian's Caddy has no cache.
var caddy = Kind{
	Name: "Caddy",
	command: func(dir string) []string {
		return []string{"caddy", "run", "--adapter", "caddyfile", "--config", dir + "/Caddyfile"}
	},
	files: map[string]string{"Caddyfile": `{
	admin off
	auto_https off
	skip_install_trust
	servers {
		protocols h1 h2
	}
}
https://localhost:PORT {
	bind 127.0.0.1
	tls DIR/cert.pem DIR/cert.pem
	encode gzip
	reverse_proxy SERVER
}
`},
}
