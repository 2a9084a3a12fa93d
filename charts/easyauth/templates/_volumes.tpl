{{/*
What a container mounts, as JSON lists "sources" by volume: dict "root" $ "v" values "role" …. Two folders, so that files are
replaced when Secrets and ConfigMaps change, which single files (subPath) are not.
*/}}
{{- define "easyauth.secretSources" -}}
{{- $v := .v -}}
{{- $sources := list -}}
{{- if ne .role "worker" -}}
  {{- $keys := dict "name" (include "easyauth.keysSecret" .root) "key" "keys" -}}
  {{- if $v.keys }}{{ $keys = dict "name" (include "easyauth.ownSecret" .root) "key" "keys" -}}
  {{- else if $v.keysRef.name }}{{ $keys = $v.keysRef -}}
  {{- else if $v.existingSecret }}{{ $keys = dict "name" $v.existingSecret "key" "keys" }}{{ end -}}
  {{- $sources = append $sources (include "easyauth.source" (dict "secret" $keys.name "items" (list (list $keys.key "keys"))) | fromJson) -}}
  {{- if $v.clientCertificate.secretName -}}
    {{- $c := $v.clientCertificate -}}
    {{- $sources = append $sources (include "easyauth.source" (dict "secret" $c.secretName "items" (list (list $c.certificateKey "client.crt") (list $c.privateKeyKey "client.key"))) | fromJson) -}}
  {{- else if not $v.workloadIdentity.enabled -}}
    {{- $secret := dict "name" (include "easyauth.ownSecret" .root) "key" "client-secret" -}}
    {{- if $v.clientSecretRef.name }}{{ $secret = $v.clientSecretRef -}}
    {{- else if $v.existingSecret }}{{ $secret = dict "name" $v.existingSecret "key" "client-secret" }}{{ end -}}
    {{- $sources = append $sources (include "easyauth.source" (dict "secret" $secret.name "items" (list (list $secret.key "client-secret"))) | fromJson) -}}
  {{- end -}}
  {{- with $v.assertion.keysRef.name -}}
    {{- $sources = append $sources (include "easyauth.source" (dict "secret" . "items" (list (list $v.assertion.keysRef.key "assertion-keys.pem"))) | fromJson) -}}
  {{- end -}}
  {{- with $v.proxySecretRef.name -}}
    {{- $sources = append $sources (include "easyauth.source" (dict "secret" . "items" (list (list $v.proxySecretRef.key "proxy-secret"))) | fromJson) -}}
  {{- end -}}
  {{- with $v.tls.secretName -}}
    {{- $sources = append $sources (include "easyauth.source" (dict "secret" . "items" (list (list $v.tls.certificateKey "listener.crt") (list $v.tls.privateKeyKey "listener.key"))) | fromJson) -}}
  {{- end -}}
{{- end -}}
{{- with $v.redis.urlRef.name -}}
  {{- $sources = append $sources (include "easyauth.source" (dict "secret" . "items" (list (list $v.redis.urlRef.key "redis-url"))) | fromJson) -}}
{{- end -}}
{{- with $v.postgres.urlRef.name -}}
  {{- $sources = append $sources (include "easyauth.source" (dict "secret" . "items" (list (list $v.postgres.urlRef.key "postgres-url"))) | fromJson) -}}
{{- end -}}
{{- toJson $sources -}}
{{- end -}}

{{- define "easyauth.fileSources" -}}
{{- $v := .v -}}
{{- $sources := list -}}
{{- $files := list (list $v.redis.ca "redis-ca.crt") (list $v.postgres.ca "postgres-ca.crt") (list $v.caBundle "ca/ca.crt") -}}
{{- if ne .role "worker" -}}
  {{- $files = append $files (list $v.logo "logo") -}}
  {{- if or $v.configFile $v.proxy.upstreams -}}
    {{- $files = append $files (list (dict "configMap" (include "easyauth.configMap" .root) "key" "easyauth.yaml") "easyauth.yaml") -}}
  {{- else -}}
    {{- $files = append $files (list $v.configFileRef "easyauth.yaml") -}}
  {{- end -}}
{{- end -}}
{{- range $files -}}
  {{- $of := index . 0 -}}
  {{- if or $of.configMap $of.secret -}}
    {{- $sources = append $sources (include "easyauth.source" (dict "configMap" $of.configMap "secret" $of.secret "items" (list (list $of.key (index . 1)))) | fromJson) -}}
  {{- end -}}
{{- end -}}
{{- toJson $sources -}}
{{- end -}}

{{/* One source of a projected volume: dict "configMap" or "secret", "items" list of (list key path). */}}
{{- define "easyauth.source" -}}
{{- $items := list -}}
{{- range .items }}{{ $items = append $items (dict "key" (index . 0) "path" (index . 1)) }}{{ end -}}
{{- if .configMap -}}
{{- dict "configMap" (dict "name" .configMap "items" $items) | toJson -}}
{{- else -}}
{{- dict "secret" (dict "name" .secret "items" $items) | toJson -}}
{{- end -}}
{{- end -}}
