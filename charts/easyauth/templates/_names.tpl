{{/* What the objects of a release are called. */}}
{{- define "easyauth.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "easyauth.selectorLabels" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "easyauth.labels" -}}
{{ include "easyauth.selectorLabels" . }}
{{ include "easyauth.commonLabels" . }}
{{- end -}}

{{- define "easyauth.commonLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The labels of what belongs to a role, and those by which its pods are found: dict "root" $ "role" "" or the role. */}}
{{- define "easyauth.roleLabels" -}}
{{ include "easyauth.labels" .root }}
{{- with .role }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "easyauth.podSelector" -}}
{{ include "easyauth.selectorLabels" .root }}
{{- with .role }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{/* What a role's Deployment, Service and so on are called: dict "root" $ "role" "" or the role. */}}
{{- define "easyauth.roleName" -}}
{{- $name := include "easyauth.fullname" .root -}}
{{- if .role }}{{ printf "%s-%s" $name .role }}{{ else }}{{ $name }}{{ end -}}
{{- end -}}

{{- define "easyauth.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "easyauth.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "easyauth.image" -}}
{{- $repository := .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The Secrets that the chart makes. */}}
{{- define "easyauth.keysSecret" -}}{{ include "easyauth.fullname" . }}-keys{{- end -}}
{{- define "easyauth.ownSecret" -}}{{ include "easyauth.fullname" . }}{{- end -}}
{{- define "easyauth.configMap" -}}{{ include "easyauth.fullname" . }}-config{{- end -}}

{{/*
The Services that are asked (auth) and that lead to the sign-in pages (signin): dict "root" $ "role" …. That of checks is called
the same when the roles are apart, so that auth-url need not change.
*/}}
{{- define "easyauth.serviceName" -}}
{{- include "easyauth.fullname" .root -}}
{{- if and .root.Values.roles.separate (eq .role "signin") }}-signin{{ end -}}
{{- end -}}

{{- define "easyauth.servicePort" -}}
{{- .Values.service.port | default (ternary 443 80 (ne .Values.tls.secretName "")) | int -}}
{{- end -}}

{{/* The names of what browsers, programs and the provider open, for easyauth.path. Never what the proxy asks. */}}
{{- define "easyauth.signinPaths" -}}
{{- list "signin" "callback" "logout" "signedOut" "me" "logo" "frontchannel-logout" "backchannel-logout" ".well-known/jwks.json" "api/v1/token" "api/v1/revoke" "api/v1/session" "api/v1/login" "api/v1/authorize" | toJson -}}
{{- end -}}

{{/* The address of a Service inside of the cluster, without a path: dict "root" $ "role" …. */}}
{{- define "easyauth.serviceURL" -}}
{{- $tls := ne .root.Values.tls.secretName "" -}}
{{- $port := include "easyauth.servicePort" .root | int -}}
{{- printf "%s://%s.%s.svc.%s" (ternary "https" "http" $tls) (include "easyauth.serviceName" .) .root.Release.Namespace .root.Values.clusterDomain -}}
{{- if ne $port (ternary 443 80 $tls) }}:{{ $port }}{{ end -}}
{{- end -}}

{{/* The pod of `helm test`: no Service and no Deployment may take it for one of theirs. */}}
{{- define "easyauth.testLabels" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default .Chart.Name }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
