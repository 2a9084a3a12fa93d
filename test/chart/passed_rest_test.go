package chart

// passedToNetworks are who may reach the pods and whom they may reach, and how they are watched.
func passedToNetworks() []passed {
	const (
		policy  = "NetworkPolicy spec.ingress"
		proxy   = "NetworkPolicy spec.ingress.0"
		watcher = "NetworkPolicy spec.ingress.1"
		out     = "NetworkPolicy spec.egress"
		monitor = "ServiceMonitor spec.endpoints.0."
	)
	selectors := [2]string{"{matchLabels: {one: a}}", "{matchLabels: {two: b}}"}
	of := func(kind string) [2]string {
		return [2]string{"[{" + kind + ": {matchLabels: {one: a}}}]", "[{" + kind + ": {matchLabels: {two: b}}}]"}
	}
	port := func(one, two string) [2]string {
		return [2]string{"{ports: [{protocol: TCP, port: " + one + "}]}", "{ports: [{protocol: TCP, port: " + two + "}]}"}
	}
	return []passed{
		{"networkPolicy.ingressController.namespaceSelector", selectors, []string{proxy + ".from"}, of("namespaceSelector")},
		{"networkPolicy.ingressController.podSelector", selectors, []string{proxy + ".from"}, of("podSelector")},
		{"ports.http", [2]string{"8001", "8002"}, []string{proxy}, port("8001", "8002")},
		{"networkPolicy.prometheus.namespaceSelector", selectors, []string{watcher + ".from"}, of("namespaceSelector")},
		{"networkPolicy.prometheus.podSelector", selectors, []string{watcher + ".from"}, of("podSelector")},
		{"ports.admin", [2]string{"9001", "9002"}, []string{watcher}, port("9001", "9002")},
		{"ports.admin", [2]string{}, []string{"Service/easyauth-metrics spec.ports.[admin].port"}, [2]string{"9001", "9002"}},
		{"networkPolicy.extraIngress", [2]string{"[{ports: [{port: 1001}]}]", "[{from: [{podSelector: {matchLabels: {two: b}}}]}]"}, []string{policy}, [2]string{}},
		{"networkPolicy.egress.httpsPorts", [2]string{"[1443]", "[2443, 3443]"}, []string{out}, [2]string{"[{ports: [{protocol: TCP, port: 1443}]}]", "[{ports: [{protocol: TCP, port: 2443}, {protocol: TCP, port: 3443}]}]"}},
		{"networkPolicy.egress.storePorts", [2]string{"[1379]", "[2379, 3379]"}, []string{out}, [2]string{"[{ports: [{protocol: TCP, port: 1379}]}]", "[{ports: [{protocol: TCP, port: 2379}, {protocol: TCP, port: 3379}]}]"}},
		{"networkPolicy.egress.extra", [2]string{"[{ports: [{port: 1002}]}]", "[{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"}, []string{out}, [2]string{}},
		{"tracing.endpoint", [2]string{"http://one:4318", "https://two.example.com/v1"}, []string{out}, [2]string{"[{ports: [{protocol: TCP, port: 4318}]}]", "[{ports: [{protocol: TCP, port: 443}]}]"}},
		{"serviceMonitor.interval", [2]string{"11s", "12s"}, []string{monitor + "interval"}, [2]string{}},
		{"serviceMonitor.scrapeTimeout", [2]string{"6s", "7s"}, []string{monitor + "scrapeTimeout"}, [2]string{}},
		{"serviceMonitor.labels", [2]string{"{one: a}", "{two: b}"}, []string{"ServiceMonitor metadata.labels"}, [2]string{}},
		{"prometheusRule.labels", [2]string{"{three: a}", "{four: b}"}, []string{"PrometheusRule metadata.labels"}, [2]string{}},
		{"dashboard.labels", [2]string{"{grafana_dashboard: '2'}", "{five: b}"}, []string{"ConfigMap/easyauth-dashboard metadata.labels"}, [2]string{}},
		{"dashboard.annotations", [2]string{"{one: a}", "{two: b}"}, []string{"ConfigMap/easyauth-dashboard metadata.annotations"}, [2]string{}},
	}
}

// switches are what makes objects, on and off. Over three groups each is on and off in an order of its own, so that none
// can stand for another.
func switches(group int) []passed {
	var rows []passed
	for i, of := range []struct{ value, kind, place string }{
		{"ingress.enabled", "Ingress", "Ingress kind"},
		{"podDisruptionBudget.enabled", "PodDisruptionBudget", "PodDisruptionBudget kind"},
		{"autoscaling.enabled", "HorizontalPodAutoscaler", "HorizontalPodAutoscaler kind"},
		{"networkPolicy.enabled", "NetworkPolicy", "NetworkPolicy kind"},
		{"serviceMonitor.enabled", "ServiceMonitor", "ServiceMonitor kind"},
		{"prometheusRule.enabled", "PrometheusRule", "PrometheusRule kind"},
		{"dashboard.enabled", "ConfigMap", "ConfigMap/easyauth-dashboard kind"},
		{"serviceAccount.create", "ServiceAccount", "ServiceAccount kind"},
	} {
		given, want := [2]string{"true", "false"}, [2]string{of.kind, "null"}
		if i>>group&1 == 1 {
			given, want = [2]string{given[1], given[0]}, [2]string{want[1], want[0]}
		}
		rows = append(rows, passed{of.value, given, []string{of.place}, want})
		switch of.value {
		case "serviceMonitor.enabled":
			rows = append(rows, passed{of.value, [2]string{}, []string{"Service/easyauth-metrics metadata.name"}, replaced(want, of.kind, "easyauth-metrics")})
		case "serviceAccount.create":
			rows = append(rows, passed{of.value, [2]string{}, []string{podOf + "serviceAccountName"}, replaced(replaced(want, "null", "default"), of.kind, "easyauth")})
		case "autoscaling.enabled": // which alone then counts pods
			rows = append(rows, passed{of.value, [2]string{}, []string{"Deployment spec.replicas"}, replaced(replaced(want, "null", "2"), of.kind, "null")})
		}
	}
	return rows
}

// replaced is two texts, with another where one was.
func replaced(texts [2]string, text, by string) [2]string {
	for i := range texts {
		if texts[i] == text {
			texts[i] = by
		}
	}
	return texts
}

// passedToRoles are what a role says of itself, over what holds for all: also no, and none.
func passedToRoles() []passed {
	const auth, signin, worker = "/easyauth-auth ", "/easyauth-signin ", "/easyauth-worker "
	container := func(role string) string {
		return "Deployment" + role + "spec.template.spec.containers.[easyauth].resources"
	}
	cpu := func(role string) string {
		return "HorizontalPodAutoscaler" + role + "spec.metrics.0.resource.target.averageUtilization"
	}
	return []passed{
		{"autoscaling.enabled", [2]string{"true", "false"}, nil, [2]string{}},
		{"podDisruptionBudget.enabled", [2]string{"false", "true"}, nil, [2]string{}},
		{"roles.auth.autoscaling.enabled", [2]string{"false", "true"}, []string{"HorizontalPodAutoscaler" + auth + "kind"}, [2]string{"null", "HorizontalPodAutoscaler"}},
		{"roles.auth.autoscaling.minReplicas", [2]string{"3", "4"}, []string{"HorizontalPodAutoscaler" + auth + "spec.minReplicas"}, [2]string{"null", "4"}},
		{"roles.auth.autoscaling.maxReplicas", [2]string{"30", "40"}, []string{"HorizontalPodAutoscaler" + auth + "spec.maxReplicas"}, [2]string{"null", "40"}},
		{"roles.auth.autoscaling.targetCPUUtilizationPercentage", [2]string{"71", "72"}, []string{cpu(auth)}, [2]string{"null", "72"}},
		{"roles.auth.replicas", [2]string{"0", "6"}, []string{"Deployment" + auth + "spec.replicas"}, [2]string{"0", "null"}},
		{"roles.auth.resources", [2]string{"{limits: {memory: 1Gi}}", "{requests: {cpu: 70m}}"}, []string{container(auth)}, [2]string{
			"{limits: {memory: 1Gi}, requests: {cpu: 50m}}", "{limits: {memory: 320Mi}, requests: {cpu: 70m}}",
		}},
		{"roles.auth.podDisruptionBudget.enabled", [2]string{"true", "false"}, []string{"PodDisruptionBudget" + auth + "kind"}, [2]string{"PodDisruptionBudget", "null"}},
		{"roles.auth.podDisruptionBudget.minAvailable", [2]string{"0", "3"}, []string{"PodDisruptionBudget" + auth + "spec.minAvailable"}, [2]string{"0", "null"}},
		{"roles.signin.autoscaling.enabled", [2]string{"true", "false"}, []string{"HorizontalPodAutoscaler" + signin + "kind"}, [2]string{"HorizontalPodAutoscaler", "null"}},
		{"roles.signin.autoscaling.minReplicas", [2]string{"5", "6"}, []string{"HorizontalPodAutoscaler" + signin + "spec.minReplicas"}, [2]string{"5", "null"}},
		{"roles.signin.autoscaling.targetCPUUtilizationPercentage", [2]string{"0", "74"}, nil, [2]string{}},
		{"roles.signin.autoscaling.targetMemoryUtilizationPercentage", [2]string{"83", "84"}, []string{cpu(signin)}, [2]string{"83", "null"}},
		{"roles.signin.replicas", [2]string{"7", "8"}, []string{"Deployment" + signin + "spec.replicas"}, [2]string{"null", "8"}},
		{"roles.signin.resources", [2]string{"{limits: {memory: 3Gi}}", "{limits: {memory: 4Gi}}"}, []string{container(signin)}, [2]string{}},
		{"roles.signin.podDisruptionBudget.enabled", [2]string{"false", "true"}, nil, [2]string{}},
		{"roles.signin.podDisruptionBudget.maxUnavailable", [2]string{"2", "0"}, []string{"PodDisruptionBudget" + signin + "spec.maxUnavailable"}, [2]string{"null", "0"}},
		{"roles.worker.replicas", [2]string{"0", "2"}, []string{"Deployment" + worker + "spec.replicas"}, [2]string{}},
		{"roles.worker.resources", [2]string{"{limits: {memory: 5Gi}}", "{limits: {memory: 6Gi}}"}, []string{container(worker)}, [2]string{}},
		{"roles.worker.podDisruptionBudget.enabled", [2]string{"true", "false"}, []string{"PodDisruptionBudget" + worker + "kind"}, [2]string{"PodDisruptionBudget", "null"}},
		{"roles.worker.podDisruptionBudget.maxUnavailable", [2]string{"50%", "60%"}, []string{"PodDisruptionBudget" + worker + "spec.maxUnavailable"}, [2]string{"50%", "null"}},
	}
}
