package chart

// fromSecret and fromConfigMap are the source of one file.
func fromSecret(name, key, path string) string {
	return "[{secret: {name: " + name + ", items: [{key: " + key + ", path: " + path + "}]}}]"
}

func fromConfigMap(name, key, path string) string {
	return "[{configMap: {name: " + name + ", items: [{key: " + key + ", path: " + path + "}]}}]"
}

// both are two values that are the same: of a variable that names a file.
func both(value string) [2]string { return [2]string{value, value} }

// passedAsFiles are Secrets and ConfigMaps that somebody else made: which, which entry, where it is mounted, and what
// tells EasyAuth of it.
func passedAsFiles() []passed {
	return []passed{
		{"clientSecretRef.name", [2]string{"s-one", "s-two"}, nil, [2]string{}},
		{"clientSecretRef.key", [2]string{"sk-one", "sk-two"}, []string{secretsOf}, [2]string{fromSecret("s-one", "sk-one", "client-secret"), fromSecret("s-two", "sk-two", "client-secret")}},
		{"clientSecretRef.key", [2]string{}, []string{variable("EASYAUTH_CLIENT_SECRET_FILE")}, both("/run/secrets/easyauth/client-secret")},
		{"keysRef.name", [2]string{"k-one", "k-two"}, nil, [2]string{}},
		{"keysRef.key", [2]string{"kk-one", "kk-two"}, []string{secretsOf}, [2]string{fromSecret("k-one", "kk-one", "keys"), fromSecret("k-two", "kk-two", "keys")}},
		{"keysRef.key", [2]string{}, []string{variable("EASYAUTH_KEYS_FILE")}, both("/run/secrets/easyauth/keys")},
		{"assertion.keysRef.name", [2]string{"a-one", "a-two"}, nil, [2]string{}},
		{"assertion.keysRef.key", [2]string{"ak-one", "ak-two"}, []string{secretsOf}, [2]string{fromSecret("a-one", "ak-one", "assertion-keys.pem"), fromSecret("a-two", "ak-two", "assertion-keys.pem")}},
		{"assertion.keysRef.key", [2]string{}, []string{variable("EASYAUTH_ASSERTION_KEYS_FILE")}, both("/run/secrets/easyauth/assertion-keys.pem")},
		{"proxySecretRef.name", [2]string{"p-one", "p-two"}, nil, [2]string{}},
		{"proxySecretRef.key", [2]string{"pk-one", "pk-two"}, []string{secretsOf}, [2]string{fromSecret("p-one", "pk-one", "proxy-secret"), fromSecret("p-two", "pk-two", "proxy-secret")}},
		{"proxySecretRef.key", [2]string{}, []string{variable("EASYAUTH_PROXY_SECRET_FILE")}, both("/run/secrets/easyauth/proxy-secret")},
		{"proxySecretRef.key", [2]string{}, []string{"Pod spec.containers.[auth].args.3"}, both("--status=403")},
		{"redis.urlRef.name", [2]string{"r-one", "r-two"}, nil, [2]string{}},
		{"redis.urlRef.key", [2]string{"rk-one", "rk-two"}, []string{secretsOf}, [2]string{fromSecret("r-one", "rk-one", "redis-url"), fromSecret("r-two", "rk-two", "redis-url")}},
		{"redis.urlRef.key", [2]string{}, []string{variable("EASYAUTH_REDIS_URL_FILE")}, both("/run/secrets/easyauth/redis-url")},
		{"redis.ca.configMap", [2]string{"c-one", "c-two"}, nil, [2]string{}},
		{"redis.ca.key", [2]string{"ck-one", "ck-two"}, []string{filesOf}, [2]string{fromConfigMap("c-one", "ck-one", "redis-ca.crt"), fromConfigMap("c-two", "ck-two", "redis-ca.crt")}},
		{"redis.ca.key", [2]string{}, []string{variable("EASYAUTH_REDIS_CA_FILE")}, both("/etc/easyauth/redis-ca.crt")},
		{"caBundle.configMap", [2]string{"b-one", "b-two"}, nil, [2]string{}},
		{"caBundle.key", [2]string{"bk-one", "bk-two"}, []string{filesOf}, [2]string{fromConfigMap("b-one", "bk-one", "ca/ca.crt"), fromConfigMap("b-two", "bk-two", "ca/ca.crt")}},
		{"caBundle.key", [2]string{}, []string{variable("SSL_CERT_DIR")}, both("/etc/easyauth/ca")},
		{"logo.configMap", [2]string{"l-one", "l-two"}, nil, [2]string{}},
		{"logo.key", [2]string{"lk-one", "lk-two"}, []string{filesOf}, [2]string{fromConfigMap("l-one", "lk-one", "logo"), fromConfigMap("l-two", "lk-two", "logo")}},
		{"logo.key", [2]string{}, []string{variable("EASYAUTH_BRAND_LOGO_FILE")}, both("/etc/easyauth/logo")},
		{"configFileRef.configMap", [2]string{"f-one", "f-two"}, nil, [2]string{}},
		{"configFileRef.key", [2]string{"fk-one", "fk-two"}, []string{filesOf}, [2]string{fromConfigMap("f-one", "fk-one", "easyauth.yaml"), fromConfigMap("f-two", "fk-two", "easyauth.yaml")}},
		{"configFileRef.key", [2]string{}, []string{variable("EASYAUTH_CONFIG_FILE")}, both("/etc/easyauth/easyauth.yaml")},
		{"tls.secretName", [2]string{"t-one", "t-two"}, nil, [2]string{}},
		{"tls.certificateKey", [2]string{"tc-one", "tc-two"}, nil, [2]string{}},
		{"tls.privateKeyKey", [2]string{"tk-one", "tk-two"}, []string{secretsOf}, [2]string{
			"[{secret: {name: t-one, items: [{key: tc-one, path: listener.crt}, {key: tk-one, path: listener.key}]}}]",
			"[{secret: {name: t-two, items: [{key: tc-two, path: listener.crt}, {key: tk-two, path: listener.key}]}}]",
		}},
		{"tls.certificateKey", [2]string{}, []string{variable("EASYAUTH_TLS_CERT_FILE")}, both("/run/secrets/easyauth/listener.crt")},
		{"tls.privateKeyKey", [2]string{}, []string{variable("EASYAUTH_TLS_KEY_FILE")}, both("/run/secrets/easyauth/listener.key")},
		{"extraVolumes", [2]string{"[{name: logs, emptyDir: {}}]", "[{name: logs, persistentVolumeClaim: {claimName: logs}}]"}, []string{podOf + "volumes"}, [2]string{}},
		{"extraVolumeMounts", [2]string{"[{name: logs, mountPath: /one}]", "[{name: logs, mountPath: /two}]"}, []string{containerOf + "volumeMounts"}, [2]string{}},
		// Ours stay mounted beside them.
		{"extraVolumeMounts", [2]string{}, []string{containerOf + "volumeMounts"}, both("[{name: secrets, mountPath: /run/secrets/easyauth, readOnly: true}, {name: files, mountPath: /etc/easyauth, readOnly: true}]")},
		{"serviceAccount.name", [2]string{"theirs-one", "theirs-two"}, []string{podOf + "serviceAccountName", "Pod spec.serviceAccountName"}, [2]string{}},
		{"audit.file", [2]string{"/one/audit", "/two/audit"}, []string{variable("EASYAUTH_AUDIT_FILE")}, [2]string{}},
		{"audit.file", [2]string{}, []string{variable("EASYAUTH_AUDIT")}, both("file")},
		{"tracing.endpoint", [2]string{"http://one:4318", "https://two.example.com"}, []string{variable("OTEL_EXPORTER_OTLP_ENDPOINT")}, [2]string{}},
		{"tracing.headersRef.name", [2]string{"h-one", "h-two"}, nil, [2]string{}},
		{"tracing.headersRef.key", [2]string{"hk-one", "hk-two"}, []string{containerOf + "env.[OTEL_EXPORTER_OTLP_HEADERS].valueFrom.secretKeyRef"}, [2]string{"{name: h-one, key: hk-one}", "{name: h-two, key: hk-two}"}},
		{"tracing.serviceName", [2]string{"one", "two"}, []string{variable("OTEL_SERVICE_NAME")}, [2]string{}},
		{"tracing.sampler", [2]string{"always_on", "parentbased_traceidratio"}, []string{variable("OTEL_TRACES_SAMPLER")}, [2]string{}},
		{"tracing.samplerArg", [2]string{"0", "0.25"}, []string{variable("OTEL_TRACES_SAMPLER_ARG")}, [2]string{"'0'", "'0.25'"}},
	}
}

// passedOtherwise are the other ways for the same: Secrets for ConfigMaps, a digest for a tag, scaling for a number of pods.
func passedOtherwise() []passed {
	const cpu, memory = "HorizontalPodAutoscaler spec.metrics.0.resource", "HorizontalPodAutoscaler spec.metrics.1.resource"
	digest := func(digit string) string {
		text := "sha256:"
		for range 64 {
			text += digit
		}
		return text
	}
	return []passed{
		{"existingSecret", [2]string{"one", "two"}, []string{secretsOf}, [2]string{fromSecret("one", "client-secret", "client-secret"), fromSecret("two", "keys", "keys")}},
		{"redis.ca.secret", [2]string{"c-one", "c-two"}, []string{filesOf}, [2]string{fromSecret("c-one", "ca.crt", "redis-ca.crt"), fromSecret("c-two", "ca.crt", "redis-ca.crt")}},
		{"redis.ca.secret", [2]string{}, []string{variable("EASYAUTH_REDIS_CA_FILE")}, both("/etc/easyauth/redis-ca.crt")},
		{"caBundle.secret", [2]string{"b-one", "b-two"}, []string{filesOf}, [2]string{fromSecret("b-one", "ca.crt", "ca/ca.crt"), fromSecret("b-two", "ca.crt", "ca/ca.crt")}},
		{"caBundle.secret", [2]string{}, []string{variable("SSL_CERT_DIR")}, both("/etc/easyauth/ca")},
		{"logo.secret", [2]string{"l-one", "l-two"}, []string{filesOf}, [2]string{fromSecret("l-one", "logo.png", "logo"), fromSecret("l-two", "logo.png", "logo")}},
		{"logo.secret", [2]string{}, []string{variable("EASYAUTH_BRAND_LOGO_FILE")}, both("/etc/easyauth/logo")},
		{"image.digest", [2]string{digest("1"), digest("2")}, []string{containerOf + "image", "Pod spec.containers.[signin].image"}, [2]string{
			"registry.example.com/easyauth@" + digest("1"), "registry.example.com/easyauth@" + digest("2"),
		}},
		{"ingress.hosts", [2]string{"[one.example.com, two.example.com]", "[three.example.com]"}, []string{"Ingress spec.rules"}, [2]string{"[{host: one.example.com}, {host: two.example.com}]", "[{host: three.example.com}]"}},
		// Only these: one rule for each.
		{"ingress.hosts", [2]string{}, []string{"Ingress spec.rules.1.host"}, [2]string{"two.example.com", "null"}},
		{"autoscaling.minReplicas", [2]string{"3", "4"}, []string{"HorizontalPodAutoscaler spec.minReplicas"}, [2]string{}},
		{"autoscaling.maxReplicas", [2]string{"30", "40"}, []string{"HorizontalPodAutoscaler spec.maxReplicas"}, [2]string{}},
		{"autoscaling.targetCPUUtilizationPercentage", [2]string{"71", "0"}, []string{cpu}, [2]string{
			"{name: cpu, target: {type: Utilization, averageUtilization: 71}}", "{name: memory, target: {averageUtilization: 82}}",
		}},
		{"autoscaling.targetMemoryUtilizationPercentage", [2]string{"81", "82"}, []string{memory}, [2]string{"{name: memory, target: {type: Utilization, averageUtilization: 81}}", "null"}},
		{"podDisruptionBudget.maxUnavailable", [2]string{"2", "25%"}, []string{"PodDisruptionBudget spec.maxUnavailable"}, [2]string{}},
	}
}
