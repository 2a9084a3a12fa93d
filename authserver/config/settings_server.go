package config

func ofServerSettings() []Setting {
	return section(
		"Server",
		Setting{
			Name:    "EASYAUTH_CONFIG_FILE",
			Meaning: "A YAML file that holds settings under the names of this page. What is set in the environment counts before it. It is read again when it changes. Cannot be set in the file itself.",
			Example: "/etc/easyauth/easyauth.yaml",
		},
		Setting{
			Name:    "EASYAUTH_LISTEN",
			Meaning: "Address that the proxy reaches. Port 0 takes any free one.",
			Example: "127.0.0.1:8080",
		},
		Setting{
			Name:    "EASYAUTH_ADMIN_LISTEN",
			Meaning: "Address for probes and metrics, always in clear text; never make it public.",
			Example: "127.0.0.1:9090",
		},
		Setting{
			Name:    "EASYAUTH_TLS_CERT_FILE",
			Meaning: "A PEM file with the certificate that EasyAuth shows the proxy, before those above it. The listener then speaks TLS 1.2 or later. Needs the file of its key. Both are read again when they change.",
			Example: "/run/secrets/easyauth-tls/tls.crt",
		},
		Setting{
			Name:    "EASYAUTH_TLS_KEY_FILE",
			Meaning: "A PEM file with the private key of that certificate, not encrypted.",
			Example: "/run/secrets/easyauth-tls/tls.key",
		},
		Setting{
			Name:     upstreamsVariable,
			Required: "with `easyauth proxy`, unless the configuration file has `upstreams`",
			Meaning:  "List of the applications behind `easyauth proxy`, one a line: `HOST/PATH=URL`, and then, with blanks between, what there is to say of it: `auth=` and the query of an auth-url (without it everybody who is signed in may pass) or `public=true`, `preserve_host=`, `timeout=`, `max_body=`, `ca_file=`, `insecure_skip_verify=`. [What they mean](proxies/inline.md#what-an-upstream-says).",
			Example:  "app.example.com=http://app.default.svc:8080 auth=role=Admin",
		},
		Setting{
			Name:    "EASYAUTH_SUCCESS_STATUS",
			Meaning: "Status for a request that may pass: `200`, `202` or `204`.",
			Example: "200",
		},
		Setting{
			Name:    "EASYAUTH_SHUTDOWN_TIMEOUT",
			Meaning: "How long requests in flight may take after SIGTERM: up to 10m. Keep it below the pod's grace period.",
			Example: "25s",
		},
		Setting{
			Name:    "EASYAUTH_INSECURE_HTTP",
			Meaning: "Serves plain http hosts and drops `Secure` from all cookies. For a laptop; every start says so.",
			Example: "true",
		},
		Setting{
			Name:    "EASYAUTH_PPROF",
			Meaning: "Serves Go's profiler on the admin address.",
			Example: "true",
		},
	)
}

func ofObservationSettings() []Setting {
	return section(
		"Logs, audit and traces",
		Setting{
			Name:    "EASYAUTH_LOG_LEVEL",
			Meaning: "Lowest level that is logged: `debug`, `info`, `warn` or `error`.",
			Example: "debug",
		},
		Setting{
			Name:    "EASYAUTH_LOG_FORMAT",
			Meaning: "How log lines are written: `json` or `text`.",
			Example: "text",
		},
		Setting{
			Name:    "EASYAUTH_LOG_ALLOWS",
			Meaning: "Share of the allowed requests, 0 to 1, of which a line is logged at level `info`. At level `debug` every one is, and those that were not allowed always are.",
			Example: "0.01",
		},
		Setting{
			Name:    "EASYAUTH_AUDIT",
			Meaning: "Where the audit stream goes, one line of JSON for each sign-in, refusal, sign-out and so on: `none`, `stdout` or `file`.",
			Example: "stdout",
		},
		Setting{
			Name:     "EASYAUTH_AUDIT_FILE",
			Required: "with `EASYAUTH_AUDIT=file`",
			Meaning:  "File to which the audit stream is appended. It is made if it is not there, and opened anew on SIGHUP. Without an audit stream that goes to a file it is a fault.",
			Example:  "/var/log/easyauth/audit.jsonl",
		},
		Setting{
			Name:    "EASYAUTH_AUDIT_ALLOWS",
			Meaning: "Whether the audit stream has every request that a policy let pass, beside those that it refused. Off where that is too much.",
			Example: "false",
		},
		Setting{
			Name:    "OTEL_EXPORTER_OTLP_ENDPOINT",
			Meaning: "Receiver of OpenTelemetry traces over HTTP. Without it, and without the next, nothing is traced. OpenTelemetry's other variables (`OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS` and so on) are read by its library, from the environment alone; a protocol other than `http/protobuf` and `http/json`, a sampler that there is not, and a file of certificates or of a key that cannot be read are faults.",
			Example: "http://otel-collector.monitoring:4318",
		},
		Setting{
			Name:    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
			Meaning: "Receiver of OpenTelemetry traces alone, with its whole path; it counts before `OTEL_EXPORTER_OTLP_ENDPOINT`.",
			Example: "http://otel-collector.monitoring:4318/v1/traces",
		},
	)
}
