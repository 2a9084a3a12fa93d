{{- define "easyauth.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "easyauth.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "easyauth.labels" -}}
{{ include "easyauth.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "easyauth.image" -}}
{{- $repository := required "image.repository is required: build the image with the repository's Dockerfile and push it to your registry" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The name of the Secret: yours, or the chart's. Exactly one must be given. */}}
{{- define "easyauth.secretName" -}}
{{- if .Values.existingSecret -}}
{{- if or .Values.clientSecret .Values.keys -}}
{{- fail "existingSecret is set together with clientSecret or keys: set either existingSecret, or both of the others" -}}
{{- end -}}
{{- .Values.existingSecret -}}
{{- else if and .Values.clientSecret .Values.keys -}}
{{- include "easyauth.fullname" . -}}
{{- else -}}
{{- fail "set existingSecret to the name of a Secret with the entries client-secret and keys, or set both clientSecret and keys" -}}
{{- end -}}
{{- end -}}

{{/* What cannot work is refused here rather than by a pod that does not start. */}}
{{- define "easyauth.check" -}}
{{- if not .Values.hosts -}}
{{- fail "hosts is required: the hosts to protect and to return to, such as app.example.com" -}}
{{- end -}}
{{- if not .Values.clientId -}}
{{- fail "clientId is required: the application (client) ID of the app registration" -}}
{{- end -}}
{{- if not (or .Values.tenantId .Values.issuer) -}}
{{- fail "tenantId is required: the directory (tenant) ID (only another OIDC provider, named by issuer, has none)" -}}
{{- end -}}
{{- end -}}

{{/* Host names of the Ingress, as a JSON list: without scheme and port, each once. */}}
{{- define "easyauth.ingressHosts" -}}
{{- $names := list -}}
{{- range .Values.ingress.hosts | default .Values.hosts -}}
{{- $names = append $names (regexReplaceAll ":[0-9]+$" (. | trimPrefix "http://" | lower) "") -}}
{{- end -}}
{{- $names | uniq | toJson -}}
{{- end -}}
