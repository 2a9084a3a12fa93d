package matrix

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/easyauth-sidecar/easyauth/test/process"
)

const nginxPage = "docs/nginx.md"

// nginx is the configuration of docs/nginx.md, with a rule more and a line for a claim.
func nginx() Proxy {
	return Proxy{
		Name: Nginx, OnlyListed: true,
		Env: map[string]string{"EASYAUTH_ADAPTERS": "nginx,forward"}, // another one's questions stay inside too
		Notes: map[Column]string{Spoofing: "nginx takes out names that it is told one by one, and drops names with signs other than letters, digits and `-`. " +
			"So [other claims](../headers.md#other-claims) that an application reads must be listed in both files."},
		Start: func(t *testing.T, at Place) { startNginx(t, at) },
	}
}

// startNginx starts it, with these lines more where EasyAuth is asked.
func startNginx(t *testing.T, at Place, lines ...string) {
	t.Helper()
	server := Block(t, nginxPage, "nginx", 1,
		"server 127.0.0.1:8080;", "server "+at.Auth+";", "server 127.0.0.1:3000;", "server "+at.Application+";",
		"listen 443 ssl;", "listen "+at.Listen+" ssl;",
		"/etc/ssl/app.example.com.pem", at.Certificate, "/etc/ssl/app.example.com.key", at.Key)
	// The rule for /mail/ is that for /admin/ with other words.
	for _, pattern := range []string{`(?s)    location = /_easyauth_admin \{.*?\n    \}\n`, `(?s)    location ~\* \^/admin\(/\|\$\) \{.*?\n    \}\n`} {
		rule := regexp.MustCompile(pattern).FindString(server)
		server = Replaced(t, server, rule, rule+strings.NewReplacer("/_easyauth_admin", "/_easyauth_mail", "role=Admin", "scope=Mail.Read", "^/admin", "^/mail").Replace(rule))
	}
	if at.Bare {
		server = Replaced(t, server, "if ($easyauth_two_readings) {\n        return 400;\n    }\n", "", "map $easyauth_upgrade ", "map $http_upgrade ")
	}
	at.Write(t, "server.conf", server)
	at.Write(t, "easyauth_ask.conf", Block(t, nginxPage, "nginx", 2)+strings.Join(lines, ""))
	for n, name := range map[int]string{3: "easyauth_protect.conf", 4: "easyauth_clear.conf"} {
		// A claim more, as the document says: two lines in the one file, one in the other.
		text := Block(t, nginxPage, "nginx", n)
		if n == 3 {
			text += "auth_request_set $easyauth_department $upstream_http_x_injected_department;\nproxy_set_header X-Injected-Department $easyauth_department;\n"
		} else {
			text += "proxy_set_header X-Injected-Department \"\";\n"
		}
		if at.Bare {
			text = regexp.MustCompile(`(?m)^proxy_set_header +(X-Injected|X-Original|X-Rewrite|X-Forwarded|Forwarded).*\n`).ReplaceAllString(text, "")
			text = Replaced(t, text, "$easyauth_upgrade", "$http_upgrade")
		}
		at.Write(t, name, text)
	}
	runNginx(t, at)
}

func runNginx(t *testing.T, at Place) {
	t.Helper()
	const modules = "/usr/lib/nginx/modules/"
	if _, err := os.Stat(modules + "ngx_http_set_misc_module.so"); err != nil {
		t.Fatal("nginx's module set_misc is missing: test/tools/install-dependencies test")
	}
	if err := os.MkdirAll(filepath.Join(at.Dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;\n" // its temporary files are in a folder of root's
	}
	conf := at.Write(t, "nginx.conf", "load_module "+modules+"ndk_http_module.so;\nload_module "+modules+"ngx_http_set_misc_module.so;\n"+user+`daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr info;
events {}
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    include server.conf;
}
`)
	p := at.Begin(t, process.Command{Name: "nginx", Program: program(t, "nginx"), Args: []string{"-p", at.Dir, "-e", "stderr", "-c", conf}})
	Listens(t, p, at.Listen)
}

// program finds a program, also where PATH of a user does not lead.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/sbin", "/usr/sbin", "/sbin") {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	t.Fatalf("%s is not installed: test/tools/install-dependencies test", name)
	return ""
}
