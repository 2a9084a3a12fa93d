{{/*
The variables of a container as a JSON list of name and value, or name and valueFrom: dict "root" $ "v" values "role" "" or the
role. Secrets are never values: they are files, or come from Secrets.
*/}}
{{- define "easyauth.env" -}}
{{- $v := .v -}}
{{- $worker := eq .role "worker" -}}
{{- $env := list -}}
{{- if not $worker -}}
  {{- $inFile := $v.configFile -}}
  {{- if not (hasKey $inFile "EASYAUTH_HOSTS") -}}
    {{- $env = append $env (dict "name" "EASYAUTH_HOSTS" "value" (join "," $v.hosts)) -}}
  {{- end -}}
  {{- range list
    (list "EASYAUTH_CALLBACK_HOST" $v.callbackHost)
    (list "EASYAUTH_COOKIE_DOMAIN" $v.cookieDomain)
    (list "EASYAUTH_INSTANCE" $v.instance)
    (list "EASYAUTH_ISSUER" $v.issuer)
    (list "EASYAUTH_TENANT_ID" $v.tenantId)
    (list "EASYAUTH_CLIENT_ID" $v.clientId)
    (list "EASYAUTH_BASE_PATH" $v.basePath)
    (list "EASYAUTH_AUTH_PATH" $v.paths.auth)
    (list "EASYAUTH_SIGNIN_PATH" $v.paths.signin)
    (list "EASYAUTH_CALLBACK_PATH" $v.paths.callback)
    (list "EASYAUTH_SIGNED_OUT_PATH" $v.paths.signedOut)
  -}}
    {{- if index . 1 }}{{ $env = append $env (dict "name" (index . 0) "value" (index . 1)) }}{{ end -}}
  {{- end -}}
  {{- $env = append $env (dict "name" "EASYAUTH_KEYS_FILE" "value" "/run/secrets/easyauth/keys") -}}
  {{- if $v.clientCertificate.secretName -}}
    {{- $env = append $env (dict "name" "EASYAUTH_CLIENT_CERTIFICATE_FILE" "value" "/run/secrets/easyauth/client.crt") -}}
    {{- $env = append $env (dict "name" "EASYAUTH_CLIENT_KEY_FILE" "value" "/run/secrets/easyauth/client.key") -}}
  {{- else if not $v.workloadIdentity.enabled -}}
    {{- $env = append $env (dict "name" "EASYAUTH_CLIENT_SECRET_FILE" "value" "/run/secrets/easyauth/client-secret") -}}
  {{- end -}}
{{- end -}}
{{- $env = concat $env (include "easyauth.storeEnv" . | fromJsonArray) -}}
{{- if ne (int $v.ports.http) 8080 }}{{ $env = append $env (dict "name" "EASYAUTH_LISTEN" "value" (printf ":%d" (int $v.ports.http))) }}{{ end -}}
{{- if ne (int $v.ports.admin) 9090 }}{{ $env = append $env (dict "name" "EASYAUTH_ADMIN_LISTEN" "value" (printf ":%d" (int $v.ports.admin))) }}{{ end -}}
{{- if ne (int $v.shutdownTimeoutSeconds) 20 -}}
  {{- $env = append $env (dict "name" "EASYAUTH_SHUTDOWN_TIMEOUT" "value" (printf "%ds" (int $v.shutdownTimeoutSeconds))) -}}
{{- end -}}
{{- if not $worker -}}
  {{- if $v.tls.secretName -}}
    {{- $env = append $env (dict "name" "EASYAUTH_TLS_CERT_FILE" "value" "/run/secrets/easyauth/listener.crt") -}}
    {{- $env = append $env (dict "name" "EASYAUTH_TLS_KEY_FILE" "value" "/run/secrets/easyauth/listener.key") -}}
  {{- end -}}
  {{- if ne (join "," $v.adapters) "nginx" }}{{ $env = append $env (dict "name" "EASYAUTH_ADAPTERS" "value" (join "," $v.adapters)) }}{{ end -}}
  {{- if $v.proxySecretRef.name }}{{ $env = append $env (dict "name" "EASYAUTH_PROXY_SECRET_FILE" "value" "/run/secrets/easyauth/proxy-secret") }}{{ end -}}
  {{- if $v.assertion.keysRef.name }}{{ $env = append $env (dict "name" "EASYAUTH_ASSERTION_KEYS_FILE" "value" "/run/secrets/easyauth/assertion-keys.pem") }}{{ end -}}
  {{- if or $v.logo.configMap $v.logo.secret }}{{ $env = append $env (dict "name" "EASYAUTH_BRAND_LOGO_FILE" "value" "/etc/easyauth/logo") }}{{ end -}}
  {{- if ne $v.audit.to "none" -}}
    {{- $env = append $env (dict "name" "EASYAUTH_AUDIT" "value" $v.audit.to) -}}
    {{- if $v.audit.file }}{{ $env = append $env (dict "name" "EASYAUTH_AUDIT_FILE" "value" $v.audit.file) }}{{ end -}}
  {{- end -}}
  {{- if or $v.configFile $v.proxy.upstreams $v.configFileRef.configMap }}{{ $env = append $env (dict "name" "EASYAUTH_CONFIG_FILE" "value" "/etc/easyauth/easyauth.yaml") }}{{ end -}}
  {{- $env = concat $env (include "easyauth.tracingEnv" . | fromJsonArray) -}}
{{- end -}}
{{- if or $v.caBundle.configMap $v.caBundle.secret }}{{ $env = append $env (dict "name" "SSL_CERT_DIR" "value" "/etc/easyauth/ca") }}{{ end -}}
{{- range $name := keys $v.settings | sortAlpha -}}
  {{- if or (not $worker) (has $name (list "logFormat" "logLevel" "pprof")) -}}
    {{- $value := get $v.settings $name -}}
    {{- $text := include "easyauth.text" $value -}}
    {{- if and (has $name (list "graphQueries" "exchangeRoles" "headerMap")) (kindIs "slice" $value) }}{{ $text = join "\n" $value }}{{ end -}}
    {{- if ne $text "" }}{{ $env = append $env (dict "name" (include "easyauth.variable" $name) "value" $text) }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- concat $env $v.extraEnv | toJson -}}
{{- end -}}

{{/* The variables of the store, which a worker needs too. */}}
{{- define "easyauth.storeEnv" -}}
{{- $v := .v -}}
{{- $env := list -}}
{{- if ne $v.store "cookie" }}{{ $env = append $env (dict "name" "EASYAUTH_STORE" "value" $v.store) }}{{ end -}}
{{- if ne $v.revocation "none" }}{{ $env = append $env (dict "name" "EASYAUTH_REVOCATION" "value" $v.revocation) }}{{ end -}}
{{- if $v.redis.urlRef.name -}}
  {{- $env = append $env (dict "name" "EASYAUTH_REDIS_URL_FILE" "value" "/run/secrets/easyauth/redis-url") -}}
  {{- if or $v.redis.ca.configMap $v.redis.ca.secret }}{{ $env = append $env (dict "name" "EASYAUTH_REDIS_CA_FILE" "value" "/etc/easyauth/redis-ca.crt") }}{{ end -}}
{{- end -}}
{{- if $v.postgres.urlRef.name }}{{ $env = append $env (dict "name" "EASYAUTH_POSTGRES_URL_FILE" "value" "/run/secrets/easyauth/postgres-url") }}{{ end -}}
{{- toJson $env -}}
{{- end -}}

{{- define "easyauth.tracingEnv" -}}
{{- $tracing := .v.tracing -}}
{{- $env := list -}}
{{- if $tracing.endpoint -}}
  {{- $env = append $env (dict "name" "OTEL_EXPORTER_OTLP_ENDPOINT" "value" $tracing.endpoint) -}}
  {{- with $tracing.headersRef.name -}}
    {{- $env = append $env (dict "name" "OTEL_EXPORTER_OTLP_HEADERS" "valueFrom" (dict "secretKeyRef" (dict "name" . "key" $tracing.headersRef.key))) -}}
  {{- end -}}
  {{- range list (list "OTEL_SERVICE_NAME" $tracing.serviceName) (list "OTEL_TRACES_SAMPLER" $tracing.sampler) (list "OTEL_TRACES_SAMPLER_ARG" (include "easyauth.text" $tracing.samplerArg)) -}}
    {{- if index . 1 }}{{ $env = append $env (dict "name" (index . 0) "value" (index . 1)) }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- toJson $env -}}
{{- end -}}

{{/* EASYAUTH_SESSION_LIFETIME of sessionLifetime. */}}
{{- define "easyauth.variable" -}}
EASYAUTH_{{ regexReplaceAll "([A-Z])" . "_${1}" | upper }}
{{- end -}}
