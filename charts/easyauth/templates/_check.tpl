{{/* What cannot work is refused here rather than by a pod that does not start. The text names the value and what helps. */}}
{{- define "easyauth.check" -}}
{{- $v := .v -}}
{{- $wrong := list -}}
{{- if not $v.image.repository -}}
  {{- $wrong = append $wrong "image.repository is required: build the image with the repository's Dockerfile and push it to your registry" -}}
{{- else if contains "easyauthfork8s/easy-auth-proxy" $v.image.repository -}}
  {{- $wrong = append $wrong "image.repository is EasyAuthForK8s' image, which this chart cannot run: name EasyAuth's" -}}
{{- end -}}
{{- if not $v.hosts }}{{ $wrong = append $wrong "hosts is required: the hosts to protect and to return to, such as app.example.com" }}{{ end -}}
{{- range concat $v.hosts (list $v.callbackHost) -}}
  {{- if hasPrefix "https://" (lower .) }}{{ $wrong = append $wrong (printf "%s among hosts, or as callbackHost: leave out https://, which is the default" .) }}{{ end -}}
{{- end -}}
{{- if not $v.clientId }}{{ $wrong = append $wrong "clientId is required: the application (client) ID of the app registration" }}{{ end -}}
{{- if and $v.issuer (or $v.tenantId $v.instance) -}}
  {{- $wrong = append $wrong "issuer names another provider than Microsoft's: leave tenantId and instance empty" -}}
{{- else if not (or $v.tenantId $v.issuer) -}}
  {{- $wrong = append $wrong "tenantId is required: the directory (tenant) ID (only another OIDC provider, named by issuer, has none)" -}}
{{- end -}}
{{- if and (has (lower $v.tenantId) (list "organizations" "common")) (not $v.settings.allowedTenants) (not (hasKey $v.configFile "EASYAUTH_ALLOWED_TENANTS")) (not $v.configFileRef.configMap) -}}
  {{- $wrong = append $wrong (printf "tenantId is %s: settings.allowedTenants must list the tenants whose users may pass" $v.tenantId) -}}
{{- end -}}
{{- if and $v.callbackHost (not $v.cookieDomain) -}}
  {{- $wrong = append $wrong "callbackHost needs cookieDomain, a domain that it and all hosts lie below" -}}
{{- end -}}
{{- $wrong = concat $wrong (include "easyauth.wrongSecrets" . | fromJsonArray) (include "easyauth.wrongStore" . | fromJsonArray) (include "easyauth.wrongServer" . | fromJsonArray) (include "easyauth.wrongUpstreams" . | fromJsonArray) (include "easyauth.wrongNames" . | fromJsonArray) -}}
{{- if $wrong -}}
{{- fail (printf "\n\nThe values cannot work:\n- %s\n\nEach is explained in docs/chart.md.\n" (join "\n- " $wrong)) -}}
{{- end -}}
{{- end -}}

{{- define "easyauth.wrongSecrets" -}}
{{- $v := .v -}}
{{- $wrong := list -}}
{{- $ways := list -}}
{{- if $v.clientSecret }}{{ $ways = append $ways "clientSecret" }}{{ end -}}
{{- if $v.clientSecretRef.name }}{{ $ways = append $ways "clientSecretRef" }}{{ end -}}
{{- if $v.clientCertificate.secretName }}{{ $ways = append $ways "clientCertificate" }}{{ end -}}
{{- if $v.workloadIdentity.enabled }}{{ $ways = append $ways "workloadIdentity" }}{{ end -}}
{{- if gt (len $ways) 1 -}}
  {{- $wrong = append $wrong (printf "%s are set together: EasyAuth has one credential, so keep one of them" (join " and " $ways)) -}}
{{- else if not (or $ways $v.existingSecret) -}}
  {{- $wrong = append $wrong "a credential is required: one of clientSecretRef.name (an entry of a Secret of yours), clientSecret, clientCertificate.secretName, workloadIdentity.enabled, existingSecret" -}}
{{- end -}}
{{- if and $v.existingSecret (or $v.clientSecret $v.clientSecretRef.name $v.keys $v.keysRef.name) -}}
  {{- $wrong = append $wrong "existingSecret holds client secret and keys: with it leave clientSecret, clientSecretRef.name, keys and keysRef.name empty" -}}
{{- else if and $v.keys $v.keysRef.name -}}
  {{- $wrong = append $wrong "keys and keysRef.name are set together: keep one of them" -}}
{{- end -}}
{{- if and $v.issuer $v.workloadIdentity.enabled -}}
  {{- $wrong = append $wrong "workloadIdentity is for Microsoft's tenants: with issuer use clientSecretRef, clientSecret or clientCertificate" -}}
{{- end -}}
{{- if not (or $v.assertion.keysRef.name $v.configFileRef.configMap) -}}
  {{- range list "assertionAudience" "assertionIssuer" "assertionHeader" -}}
    {{- if get $v.settings . }}{{ $wrong = append $wrong (printf "settings.%s is set, and no identity is signed: set assertion.keysRef.name" .) }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- range list (list "redis.ca" $v.redis.ca) (list "postgres.ca" $v.postgres.ca) (list "caBundle" $v.caBundle) (list "logo" $v.logo) -}}
  {{- $of := index . 1 -}}
  {{- if and $of.configMap $of.secret }}{{ $wrong = append $wrong (printf "%s.configMap and %s.secret are set together: keep one of them" (index . 0) (index . 0)) }}{{ end -}}
{{- end -}}
{{- toJson $wrong -}}
{{- end -}}

{{- define "easyauth.wrongStore" -}}
{{- $v := .v -}}
{{- $wrong := list -}}
{{- $redis := or (eq $v.store "redis") (eq $v.revocation "redis") -}}
{{- if and (ne $v.store "cookie") (ne $v.revocation "none") -}}
  {{- $wrong = append $wrong (printf "revocation: redis goes with store: cookie; with store: %s an ended session is deleted" $v.store) -}}
{{- end -}}
{{- if and $redis (not $v.redis.urlRef.name) -}}
  {{- $wrong = append $wrong "redis.urlRef.name is required: the Secret that holds the address of Redis" -}}
{{- else if and $v.redis.urlRef.name (not $redis) -}}
  {{- $wrong = append $wrong "redis.urlRef.name is set, and nothing uses Redis: set store: redis or revocation: redis" -}}
{{- end -}}
{{- if and (eq $v.store "postgres") (not $v.postgres.urlRef.name) -}}
  {{- $wrong = append $wrong "postgres.urlRef.name is required: the Secret that holds the address of PostgreSQL" -}}
{{- else if and $v.postgres.urlRef.name (ne $v.store "postgres") -}}
  {{- $wrong = append $wrong "postgres.urlRef.name is set, and nothing uses PostgreSQL: set store: postgres" -}}
{{- end -}}
{{- if and (or $v.redis.ca.configMap $v.redis.ca.secret) (not $redis) -}}
  {{- $wrong = append $wrong "redis.ca is set, and nothing uses Redis: set store: redis or revocation: redis" -}}
{{- end -}}
{{- if and (or $v.postgres.ca.configMap $v.postgres.ca.secret) (ne $v.store "postgres") -}}
  {{- $wrong = append $wrong "postgres.ca is set, and nothing uses PostgreSQL: set store: postgres" -}}
{{- end -}}
{{- toJson $wrong -}}
{{- end -}}

{{- define "easyauth.wrongServer" -}}
{{- $v := .v -}}
{{- $wrong := list -}}
{{- if eq (int $v.ports.http) (int $v.ports.admin) }}{{ $wrong = append $wrong "ports.http and ports.admin must differ" }}{{ end -}}
{{- if and (int $v.terminationGracePeriodSeconds) (le (int $v.terminationGracePeriodSeconds) (int $v.shutdownTimeoutSeconds)) -}}
  {{- $wrong = append $wrong (printf "terminationGracePeriodSeconds must be above shutdownTimeoutSeconds (%d), or 0" (int $v.shutdownTimeoutSeconds)) -}}
{{- end -}}
{{- if and (eq $v.audit.to "file") (not $v.audit.file) }}{{ $wrong = append $wrong "audit.file is required with audit.to: file" }}{{ end -}}
{{- if and $v.audit.file (ne $v.audit.to "file") }}{{ $wrong = append $wrong "audit.file is set: set audit.to: file too, or remove it" }}{{ end -}}
{{- if and (eq $v.audit.to "file") $v.audit.file -}}
  {{- $mounted := false -}}
  {{- range $v.extraVolumeMounts }}{{ if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) $v.audit.file }}{{ $mounted = true }}{{ end }}{{ end -}}
  {{- if not $mounted }}{{ $wrong = append $wrong "audit.file must lie in a volume, because the container's file system is read-only: extraVolumes and extraVolumeMounts" }}{{ end -}}
{{- end -}}
{{- if $v.proxy.enabled -}}
  {{- if not (or $v.proxy.upstreams $v.configFileRef.configMap) }}{{ $wrong = append $wrong "proxy.upstreams is required with proxy.enabled: the applications that it stands in front of" }}{{ end -}}
  {{- if $v.roles.separate }}{{ $wrong = append $wrong "roles.separate and proxy.enabled are set together: a proxy does all in one process" }}{{ end -}}
  {{- if ne (join "," $v.adapters) "nginx" }}{{ $wrong = append $wrong "adapters and proxy.enabled are set together: no proxy asks where EasyAuth is the proxy" }}{{ end -}}
  {{- if $v.proxySecretRef.name }}{{ $wrong = append $wrong "proxySecretRef.name and proxy.enabled are set together: no proxy asks where EasyAuth is the proxy" }}{{ end -}}
{{- else if $v.proxy.upstreams -}}
  {{- $wrong = append $wrong "proxy.upstreams is set, and nothing is a proxy: set proxy.enabled" -}}
{{- end -}}
{{- if and $v.proxy.upstreams $v.configFileRef.configMap }}{{ $wrong = append $wrong "proxy.upstreams and configFileRef.configMap are set together: write upstreams into that file" }}{{ end -}}
{{- if and $v.configFile $v.configFileRef.configMap }}{{ $wrong = append $wrong "configFile and configFileRef.configMap are set together: keep one of them" }}{{ end -}}
{{- if and (not $v.tracing.endpoint) (or $v.tracing.headersRef.name $v.tracing.serviceName $v.tracing.sampler $v.tracing.samplerArg) -}}
  {{- $wrong = append $wrong "tracing.endpoint is required when something else of tracing is set" -}}
{{- end -}}
{{- if and $v.ingress.className (hasKey ($v.ingress.annotations | default dict) "kubernetes.io/ingress.class") -}}
  {{- $wrong = append $wrong "ingress.className and the annotation kubernetes.io/ingress.class are set together, which Kubernetes refuses: keep ingress.className" -}}
{{- end -}}
{{- range list (list "" dict) (list "roles.auth." $v.roles.auth) (list "roles.signin." $v.roles.signin) (list "roles.worker." $v.roles.worker) -}}
  {{- $scaling := mergeOverwrite (deepCopy $v.autoscaling) (deepCopy ((index . 1).autoscaling | default dict)) -}}
  {{- if $scaling.enabled -}}
    {{- if lt (int $scaling.maxReplicas) (int $scaling.minReplicas) }}{{ $wrong = append $wrong (printf "%sautoscaling.maxReplicas must not be below minReplicas" (index . 0)) }}{{ end -}}
    {{- if not (or (int $scaling.targetCPUUtilizationPercentage) (int $scaling.targetMemoryUtilizationPercentage)) -}}
      {{- $wrong = append $wrong (printf "%sautoscaling needs a target: targetCPUUtilizationPercentage or targetMemoryUtilizationPercentage" (index . 0)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- toJson $wrong -}}
{{- end -}}

{{/* Applications that the proxy refuses, or never reaches. What their rules say the program reads. */}}
{{- define "easyauth.wrongUpstreams" -}}
{{- $v := .v -}}
{{- $wrong := list -}}
{{- $known := not (hasKey $v.configFile "EASYAUTH_HOSTS") -}}
{{- $served := list -}}
{{- range concat $v.hosts (list $v.callbackHost) }}{{ $served = append $served (include "easyauth.authority" .) }}{{ end -}}
{{- $seen := dict -}}
{{- range $i, $u := $v.proxy.upstreams -}}
  {{- $entry := printf "proxy.upstreams, entry %d (%s%s)" (add1 $i) $u.host ($u.path | default "") -}}
  {{- $host := include "easyauth.authority" $u.host -}}
  {{- $name := regexReplaceAll "^\\*\\." $host "any." -}}
  {{- $found := not (regexMatch "^[!-~]+$" (printf "%s%s" $host (join "" $served))) }}{{/* an international name has two forms */}}
  {{- range $served }}{{ if or (eq . $name) (and (hasPrefix "*." .) (hasSuffix (trimPrefix "*" .) $name)) }}{{ $found = true }}{{ end }}{{ end -}}
  {{- if and $known (not $found) }}{{ $wrong = append $wrong (printf "%s: its host must be one of hosts, or lie below one with *" $entry) }}{{ end -}}
  {{- $path := trimSuffix "/" ($u.path | default "") -}}
  {{- if hasKey $seen (print $host $path) }}{{ $wrong = append $wrong (printf "%s: another one has the same host and path" $entry) }}{{ end -}}
  {{- $_ := set $seen (print $host $path) true -}}
  {{- if hasPrefix (printf "%s/" $v.basePath) (printf "%s/" $path) }}{{ $wrong = append $wrong (printf "%s: EasyAuth answers all of %s itself" $entry $v.basePath) }}{{ end -}}
  {{- if and $u.public $u.auth }}{{ $wrong = append $wrong (printf "%s: public lets everybody in, so it cannot have a rule in auth: keep one of them" $entry) }}{{ end -}}
{{- end -}}
{{- toJson $wrong -}}
{{- end -}}

{{/* A host in the form in which it is compared: small letters, no scheme, no port that is a default, no dot at the end. */}}
{{- define "easyauth.authority" -}}
{{- regexReplaceAll "\\.(:|$)" (regexReplaceAll ":(80|443)$" (trimPrefix "http://" (lower .)) "") "${1}" -}}
{{- end -}}

{{/* Paths that are one, and variables that are set twice or past the value that they have here. */}}
{{- define "easyauth.wrongNames" -}}
{{- $v := .v -}}
{{- $wrong := list -}}
{{- $auth := include "easyauth.path" (dict "v" $v "name" "auth") -}}
{{- range include "easyauth.signinPaths" . | fromJsonArray -}}
  {{- if eq (lower $auth) (lower (include "easyauth.path" (dict "v" $v "name" .))) -}}
    {{- $wrong = append $wrong (printf "paths.auth is the path of another endpoint (%s): the Ingress would open it to everybody" .) -}}
  {{- end -}}
{{- end -}}
{{- $values := dict "EASYAUTH_HOSTS" "hosts" "EASYAUTH_CALLBACK_HOST" "callbackHost" "EASYAUTH_COOKIE_DOMAIN" "cookieDomain" "EASYAUTH_INSTANCE" "instance"
  "EASYAUTH_ISSUER" "issuer" "EASYAUTH_TENANT_ID" "tenantId" "EASYAUTH_CLIENT_ID" "clientId" "EASYAUTH_BASE_PATH" "basePath"
  "EASYAUTH_AUTH_PATH" "paths.auth" "EASYAUTH_SIGNIN_PATH" "paths.signin" "EASYAUTH_CALLBACK_PATH" "paths.callback" "EASYAUTH_SIGNED_OUT_PATH" "paths.signedOut"
  "EASYAUTH_CLIENT_SECRET" "clientSecretRef" "EASYAUTH_CLIENT_SECRET_FILE" "clientSecretRef" "EASYAUTH_CLIENT_CERTIFICATE_FILE" "clientCertificate"
  "EASYAUTH_CLIENT_KEY_FILE" "clientCertificate" "EASYAUTH_KEYS" "keysRef" "EASYAUTH_KEYS_FILE" "keysRef" "EASYAUTH_ASSERTION_KEYS_FILE" "assertion.keysRef" "EASYAUTH_ADAPTERS" "adapters" "EASYAUTH_PROXY_SECRET_FILE" "proxySecretRef" "EASYAUTH_UPSTREAMS" "proxy.upstreams" "EASYAUTH_ASSERTION_HEADER" "settings.assertionHeader" "EASYAUTH_STORE" "store" "EASYAUTH_REVOCATION" "revocation"
  "EASYAUTH_REDIS_URL" "redis.urlRef" "EASYAUTH_REDIS_URL_FILE" "redis.urlRef" "EASYAUTH_REDIS_CA_FILE" "redis.ca" "EASYAUTH_POSTGRES_URL" "postgres.urlRef"
  "EASYAUTH_POSTGRES_URL_FILE" "postgres.urlRef" "EASYAUTH_LISTEN" "ports.http" "EASYAUTH_ADMIN_LISTEN" "ports.admin" "EASYAUTH_SHUTDOWN_TIMEOUT" "shutdownTimeoutSeconds"
  "EASYAUTH_TLS_CERT_FILE" "tls" "EASYAUTH_TLS_KEY_FILE" "tls" "EASYAUTH_BRAND_LOGO_FILE" "logo" "EASYAUTH_AUDIT" "audit.to" "EASYAUTH_AUDIT_FILE" "audit.file"
  "EASYAUTH_HEADER_PREFIX" "settings.headerPrefix" "EASYAUTH_CLAIM_HEADERS" "settings.claimHeaders" "EASYAUTH_CONFIG_FILE" "configFile" "OTEL_EXPORTER_OTLP_ENDPOINT" "tracing.endpoint" "OTEL_EXPORTER_OTLP_HEADERS" "tracing.headersRef"
  "OTEL_SERVICE_NAME" "tracing.serviceName" "OTEL_TRACES_SAMPLER" "tracing.sampler" "OTEL_TRACES_SAMPLER_ARG" "tracing.samplerArg" -}}
{{- if or $v.caBundle.configMap $v.caBundle.secret }}{{ $_ := set $values "SSL_CERT_DIR" "caBundle" }}{{ end -}}
{{- range $name, $_ := $v.settings }}{{ $_ := set $values (include "easyauth.variable" $name) (printf "settings.%s" $name) }}{{ end -}}
{{- range $i, $e := $v.extraEnv -}}
  {{- with get $values $e.name }}{{ $wrong = append $wrong (printf "extraEnv: %s has a value of its own, %s: set that" $e.name .) }}{{ end -}}
  {{- if hasKey $v.configFile $e.name }}{{ $wrong = append $wrong (printf "extraEnv: %s is in configFile too, and would count before it" $e.name) }}{{ end -}}
{{- end -}}
{{- range $name, $_ := $v.configFile -}}
  {{- $value := get $values $name -}}
  {{- if and $value (ne $name "EASYAUTH_HOSTS") }}{{ $wrong = append $wrong (printf "configFile: %s is set by %s, which counts before the file: set it there alone" $name $value) }}{{ end -}}
{{- end -}}
{{- toJson $wrong -}}
{{- end -}}

{{/* The path of an endpoint: dict "v" values "name" auth, signin, callback, signedOut, or what is always below the base path. */}}
{{- define "easyauth.path" -}}
{{- $usual := get (dict "signin" "login" "callback" "signin-oidc" "signedOut" "signout-callback-oidc") .name | default .name -}}
{{- get .v.paths .name | default (printf "%s/%s" .v.basePath $usual) -}}
{{- end -}}
