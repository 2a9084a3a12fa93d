package chart

// Short names of places.
const (
	podOf       = "Deployment spec.template.spec."
	containerOf = podOf + "containers.[easyauth]."
	secretsOf   = podOf + "volumes.[secrets].projected.sources"
	filesOf     = podOf + "volumes.[files].projected.sources"
)

// variable is the place of a variable of the container.
func variable(name string) string { return containerOf + "env.[" + name + "].value" }

// passedValues are all values, each with where it goes. Those of one group are set at once.
func passedValues() []passedTogether {
	return []passedTogether{
		{"pods", minimal + secret, passedToPods()},
		{"names", minimal, passedAsNames()},
		{"files", minimal + secret + "store: redis\naudit: {to: file}\nserviceAccount: {create: false}\n", passedAsFiles()},
		{"secrets", minimal + "store: redis\nredis: {urlRef: {name: a}}\nautoscaling: {enabled: true}\n", passedOtherwise()},
		{"networks", minimal + secret + "networkPolicy: {enabled: true}\nserviceMonitor: {enabled: true}\nprometheusRule: {enabled: true}\ndashboard: {enabled: true}\n", passedToNetworks()},
		{"switches", minimal + secret, switches(0)},
		{"switches in pairs", minimal + secret, switches(1)},
		{"switches in fours", minimal + secret, switches(2)},
		{"roles", minimal + secret + "store: redis\nredis: {urlRef: {name: a}}\nroles: {separate: true}\n", passedToRoles()},
		{"certificate", minimal + "tenantId: ''\nnetworkPolicy: {enabled: true}\n", []passed{
			{"revocation", [2]string{"none", "redis"}, []string{"NetworkPolicy spec.egress"}, both("[{ports: [{port: 6379}, {port: 6380}, {port: 26379}]}]")},
			{"issuer", [2]string{"https://one.example.com", "https://two.example.com"}, []string{variable("EASYAUTH_ISSUER")}, [2]string{}},
			{"clientCertificate.secretName", [2]string{"one", "two"}, []string{secretsOf}, [2]string{"[{secret: {name: one}}]", "[{secret: {name: two}}]"}},
			{"clientCertificate.certificateKey", [2]string{"c-one", "c-two"}, []string{secretsOf}, [2]string{"[{secret: {items: [{key: c-one, path: client.crt}]}}]", "[{secret: {items: [{key: c-two, path: client.crt}]}}]"}},
			{"clientCertificate.privateKeyKey", [2]string{"k-one", "k-two"}, []string{secretsOf}, [2]string{"[{secret: {items: [{key: k-one, path: client.key}]}}]", "[{secret: {items: [{key: k-two, path: client.key}]}}]"}},
			{"clientCertificate.secretName", [2]string{}, []string{variable("EASYAUTH_CLIENT_CERTIFICATE_FILE")}, both("/run/secrets/easyauth/client.crt")},
			{"clientCertificate.secretName", [2]string{}, []string{variable("EASYAUTH_CLIENT_KEY_FILE")}, both("/run/secrets/easyauth/client.key")},
			{"clientCertificate.secretName", [2]string{}, []string{variable("EASYAUTH_CLIENT_SECRET_FILE")}, both("null")},
			{"store", [2]string{"redis", "cookie"}, []string{variable("EASYAUTH_STORE")}, [2]string{"redis", "null"}},
			{"revocation", [2]string{}, []string{variable("EASYAUTH_REVOCATION")}, [2]string{"null", "redis"}},
			{"redis.urlRef.name", [2]string{"r-one", "r-two"}, []string{secretsOf}, [2]string{"[{secret: {name: r-one}}]", "[{secret: {name: r-two}}]"}},
		}},
		{"identity", minimal + "networkPolicy: {enabled: true}\n", []passed{
			{"networkPolicy.egress.enabled", [2]string{"true", "false"}, []string{"NetworkPolicy spec.policyTypes.1"}, [2]string{"Egress", "null"}},
			{"networkPolicy.egress.enabled", [2]string{}, []string{"NetworkPolicy spec.egress"}, [2]string{"[{ports: [{protocol: UDP, port: 53}]}]", "null"}},
			{"existingSecret", [2]string{"one", "two"}, []string{secretsOf}, [2]string{"[{secret: {name: one, items: [{key: keys, path: keys}]}}]", "[{secret: {name: two, items: [{key: keys}]}}, {secret: {name: two, items: [{key: client-secret, path: client-secret}]}}]"}},
			{"workloadIdentity.enabled", [2]string{"true", "false"}, []string{"Deployment spec.template.metadata.labels"}, [2]string{"{azure.workload.identity/use: 'true'}", "{azure.workload.identity/use: null}"}},
			{"tenantId", [2]string{clientID, tenantID}, []string{"ServiceAccount metadata.annotations"}, [2]string{"{azure.workload.identity/tenant-id: " + clientID + "}", "null"}},
			{"workloadIdentity.enabled", [2]string{}, []string{secretsOf + ".1"}, [2]string{"null", "{secret: {name: two}}"}},
			{"workloadIdentity.enabled", [2]string{}, []string{variable("EASYAUTH_CLIENT_SECRET_FILE")}, [2]string{"null", "/run/secrets/easyauth/client-secret"}},
		}},
		{"workload identity", minimal + "workloadIdentity: {enabled: true}\n", []passed{
			{"keys", [2]string{"k-one", "k-two"}, []string{"Secret/easyauth data.keys"}, [2]string{"ay1vbmU=", "ay10d28="}},
			{"workloadIdentity.tenantId", [2]string{tenantID, clientID}, []string{"ServiceAccount metadata.annotations"}, [2]string{"{azure.workload.identity/tenant-id: " + tenantID + "}", "{azure.workload.identity/tenant-id: " + clientID + "}"}},
			{"clientId", [2]string{tenantID, clientID}, []string{"ServiceAccount metadata.annotations"}, [2]string{"{azure.workload.identity/client-id: " + tenantID + "}", "{azure.workload.identity/client-id: " + clientID + "}"}},
		}},
		{"postgres", minimal + secret + "store: postgres\nnetworkPolicy: {enabled: true}\n", []passed{
			{"store", [2]string{}, []string{"NetworkPolicy spec.egress"}, both("[{ports: [{port: 5432}, {port: 6432}]}]")},
			{"postgres.urlRef.name", [2]string{"one", "two"}, []string{secretsOf}, [2]string{"[{secret: {name: one}}]", "[{secret: {name: two}}]"}},
			{"postgres.urlRef.key", [2]string{"k-one", "k-two"}, []string{secretsOf}, [2]string{"[{secret: {items: [{key: k-one, path: postgres-url}]}}]", "[{secret: {items: [{key: k-two, path: postgres-url}]}}]"}},
			{"postgres.urlRef.key", [2]string{}, []string{variable("EASYAUTH_POSTGRES_URL_FILE")}, both("/run/secrets/easyauth/postgres-url")},
			{"postgres.urlRef.key", [2]string{}, []string{variable("EASYAUTH_STORE")}, both("postgres")},
			{"postgres.ca.configMap", [2]string{"c-one", "''"}, []string{filesOf}, [2]string{"[{configMap: {name: c-one}}]", "[{secret: {name: s-two}}]"}},
			{"postgres.ca.secret", [2]string{"''", "s-two"}, []string{filesOf}, [2]string{"[{configMap: {name: c-one}}]", "[{secret: {name: s-two}}]"}},
			{"postgres.ca.key", [2]string{"a-one", "a-two"}, []string{filesOf}, [2]string{"[{configMap: {items: [{key: a-one, path: postgres-ca.crt}]}}]", "[{secret: {items: [{key: a-two, path: postgres-ca.crt}]}}]"}},
		}},
		{"name", minimal + secret + "audit: {to: none}\n", []passed{
			{"nameOverride", [2]string{"one", "two"}, []string{"Deployment metadata.labels", "Service spec.selector"}, [2]string{"{app.kubernetes.io/name: one}", "{app.kubernetes.io/name: two}"}},
			{"nameOverride", [2]string{}, []string{"Pod metadata.labels"}, [2]string{"{app.kubernetes.io/name: one-test}", "{app.kubernetes.io/name: two-test}"}},
			{"roles.separate", [2]string{"false", "true"}, []string{"Deployment/easyauth-two-signin kind"}, [2]string{"null", "Deployment"}},
			{"roles.separate", [2]string{}, []string{"Service/easyauth-two-signin kind"}, [2]string{"null", "Service"}},
			{"roles.separate", [2]string{}, []string{"Ingress spec.rules.0.http.paths.0.backend.service.name"}, [2]string{"easyauth-one", "easyauth-two-signin"}},
			{"audit.to", [2]string{"stdout", "none"}, []string{variable("EASYAUTH_AUDIT")}, [2]string{"stdout", "null"}},
		}},
		{"adapters", minimal + secret, passedToAdapters()},
		{"proxy", minimal + secret + "proxy: {enabled: true}\nnetworkPolicy: {enabled: true}\n", passedToTheProxy()},
		{"proxy or none", minimal + secret + "configFileRef: {configMap: a}\ngateway: {parentRefs: [{name: a}]}\n", passedAsProxy()},
		{"gateway", minimal + secret, passedToGateways()},
		{"full name", minimal + secret, []passed{{"fullnameOverride", [2]string{"one", "two"}, []string{"Deployment metadata.name", "Service metadata.name", "Ingress metadata.name"}, [2]string{}}}},
	}
}

func passedToPods() []passed {
	return []passed{
		{"image.repository", [2]string{"a.example.com/one", "b.example.com/two"}, nil, [2]string{}},
		{"image.tag", [2]string{"1.0.1", "1.0.2"}, []string{containerOf + "image", "Pod spec.containers.[auth].image"}, [2]string{"a.example.com/one:1.0.1", "b.example.com/two:1.0.2"}},
		{"image.pullPolicy", [2]string{"Always", "Never"}, []string{containerOf + "imagePullPolicy", "Pod spec.containers.[auth].imagePullPolicy", "Pod spec.containers.[signin].imagePullPolicy"}, [2]string{}},
		{"image.pullSecrets", [2]string{"[{name: one}]", "[{name: two}, {name: three}]"}, []string{podOf + "imagePullSecrets", "Pod spec.imagePullSecrets"}, [2]string{}},
		{"extraEnv", [2]string{"[{name: HTTPS_PROXY, value: one}]", "[{name: GODEBUG, value: two}]"}, []string{containerOf + "env"}, [2]string{}},
		{"extraVolumes", [2]string{"[{name: one, emptyDir: {}}]", "[{name: two, persistentVolumeClaim: {claimName: two}}]"}, []string{podOf + "volumes"}, [2]string{}},
		{"extraVolumeMounts", [2]string{"[{name: one, mountPath: /one}]", "[{name: two, mountPath: /two}]"}, []string{containerOf + "volumeMounts"}, [2]string{}},
		{"replicas", [2]string{"3", "4"}, []string{"Deployment spec.replicas"}, [2]string{}},
		{"resources", [2]string{"{limits: {memory: 1Gi}, requests: {cpu: 60m}}", "{limits: {memory: 2Gi}, requests: {cpu: 70m, memory: 65Mi}}"}, []string{containerOf + "resources"}, [2]string{}},
		{"podDisruptionBudget.minAvailable", [2]string{"3", "50%"}, []string{"PodDisruptionBudget spec.minAvailable"}, [2]string{}},
		{"ports.http", [2]string{"8001", "8002"}, []string{containerOf + "ports.[http].containerPort"}, [2]string{}},
		{"ports.http", [2]string{}, []string{variable("EASYAUTH_LISTEN")}, [2]string{"':8001'", "':8002'"}},
		{"ports.admin", [2]string{"9001", "9002"}, []string{containerOf + "ports.[admin].containerPort"}, [2]string{}},
		{"ports.admin", [2]string{}, []string{variable("EASYAUTH_ADMIN_LISTEN")}, [2]string{"':9001'", "':9002'"}},
		{"shutdownTimeoutSeconds", [2]string{"30", "40"}, []string{variable("EASYAUTH_SHUTDOWN_TIMEOUT")}, [2]string{"30s", "40s"}},
		{"terminationGracePeriodSeconds", [2]string{"0", "100"}, []string{podOf + "terminationGracePeriodSeconds"}, [2]string{"40", "100"}},
		{"minReadySeconds", [2]string{"6", "7"}, []string{"Deployment spec.minReadySeconds"}, [2]string{}},
		{"revisionHistoryLimit", [2]string{"6", "7"}, []string{"Deployment spec.revisionHistoryLimit"}, [2]string{}},
		{"priorityClassName", [2]string{"one", "two"}, []string{podOf + "priorityClassName"}, [2]string{}},
		{"podAnnotations", [2]string{"{one: a}", "{two: b}"}, []string{"Deployment spec.template.metadata.annotations"}, [2]string{}},
		{"podLabels", [2]string{"{one: a}", "{two: b}"}, []string{"Deployment spec.template.metadata.labels"}, [2]string{}},
		{"nodeSelector", [2]string{"{one: a}", "{two: b}"}, []string{podOf + "nodeSelector", "Pod spec.nodeSelector"}, [2]string{}},
		{"tolerations", [2]string{"[{key: one, operator: Exists}]", "[{key: two, value: b}]"}, []string{podOf + "tolerations", "Pod spec.tolerations"}, [2]string{}},
		{"affinity", [2]string{
			"{nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: one, operator: Exists}]}]}}}",
			"{podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: two}]}}",
		}, []string{podOf + "affinity"}, [2]string{}},
		{"topologySpreadConstraints", [2]string{"[{topologyKey: one, maxSkew: 2, whenUnsatisfiable: DoNotSchedule}]", "[{topologyKey: two, maxSkew: 3, whenUnsatisfiable: ScheduleAnyway}]"}, []string{podOf + "topologySpreadConstraints"}, [2]string{}},
		{"podSecurityContext", [2]string{"{runAsUser: 1001, fsGroup: 1002}", "{runAsUser: 1003, runAsGroup: 1004}"}, []string{podOf + "securityContext", "Pod spec.securityContext"}, [2]string{}},
		{"securityContext", [2]string{"{runAsUser: 1001}", "{runAsUser: 1002}"}, []string{containerOf + "securityContext", "Pod spec.containers.[auth].securityContext", "Pod spec.containers.[signin].securityContext"}, [2]string{}},
		{"serviceAccount.name", [2]string{"one", "two"}, []string{"ServiceAccount metadata.name", podOf + "serviceAccountName", "Pod spec.serviceAccountName"}, [2]string{}},
		{"serviceAccount.annotations", [2]string{"{one: a}", "{two: b}"}, []string{"ServiceAccount metadata.annotations"}, [2]string{}},
	}
}
