{{/* The roles that have a Deployment, as a JSON list: one without a name does everything. */}}
{{- define "easyauth.roles" -}}
{{- if not .roles.separate -}}
{{- list "" | toJson -}}
{{- else if eq .store "cookie" -}}
{{- list "auth" "signin" | toJson -}}
{{- else -}}
{{- list "auth" "signin" "worker" | toJson -}}
{{- end -}}
{{- end -}}

{{/* What a role says of itself, over what holds for all, as JSON: replicas, resources, autoscaling, podDisruptionBudget. */}}
{{- define "easyauth.ofRole" -}}
{{- $own := dict -}}
{{- if .role }}{{ $own = get .v.roles .role | default dict }}{{ end -}}
{{- $of := dict "replicas" .v.replicas "resources" .v.resources "autoscaling" .v.autoscaling "podDisruptionBudget" .v.podDisruptionBudget -}}
{{- if eq .role "worker" }}{{ $_ := set $of "autoscaling" (dict "enabled" false) }}{{ end -}}
{{- mergeOverwrite (deepCopy $of) (deepCopy $own) | toJson -}}
{{- end -}}

{{/* The template of a Deployment's pods: dict "root" $ "v" values "role" …. */}}
{{- define "easyauth.pod" -}}
{{- $v := .v -}}
{{- $of := include "easyauth.ofRole" . | fromJson -}}
{{- $secrets := include "easyauth.secretSources" . | fromJsonArray -}}
{{- $files := include "easyauth.fileSources" . | fromJsonArray -}}
{{- $labels := mergeOverwrite (deepCopy ($v.podLabels | default dict)) (include "easyauth.roleLabels" . | fromYaml) -}}
{{- if and $v.workloadIdentity.enabled (ne .role "worker") -}}
{{- $_ := set $labels "azure.workload.identity/use" "true" -}}
{{- end -}}
metadata:
  labels:
    {{- toYaml $labels | nindent 4 }}
  {{- with $v.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "easyauth.serviceAccountName" .root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  # No preStop hook: the image has no shell, and at SIGTERM the server itself goes on answering while proxies hear of it.
  terminationGracePeriodSeconds: {{ include "easyauth.grace" $v }}
  {{- with $v.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  securityContext:
    {{- toYaml $v.podSecurityContext | nindent 4 }}
  {{- with $v.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: easyauth
      image: {{ include "easyauth.image" .root | quote }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args: [{{ ternary "proxy" "serve" $v.proxy.enabled }}{{ with .role }}, --roles={{ . }}{{ end }}]
      env:
        {{- include "easyauth.env" . | fromJsonArray | toYaml | nindent 8 }}
      ports:
        {{- if ne .role "worker" }}
        - name: http
          containerPort: {{ int $v.ports.http }}
        {{- end }}
        - name: admin
          containerPort: {{ int $v.ports.admin }}
      readinessProbe:
        httpGet:
          path: /readyz
          port: admin
        periodSeconds: 2
        timeoutSeconds: 2
      livenessProbe:
        httpGet:
          path: /healthz
          port: admin
        periodSeconds: 10
        timeoutSeconds: 5
      securityContext:
        {{- toYaml $v.securityContext | nindent 8 }}
      {{- with $of.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if or $secrets $files $v.extraVolumeMounts }}
      volumeMounts:
        {{- if $secrets }}
        - name: secrets
          mountPath: /run/secrets/easyauth
          readOnly: true
        {{- end }}
        {{- if $files }}
        - name: files
          mountPath: /etc/easyauth
          readOnly: true
        {{- end }}
        {{- with $v.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
  {{- if or $secrets $files $v.extraVolumes }}
  volumes:
    {{- if $secrets }}
    - name: secrets
      projected:
        defaultMode: 288 # 0440: the user of the pod reads them by its group
        sources:
          {{- toYaml $secrets | nindent 10 }}
    {{- end }}
    {{- if $files }}
    - name: files
      projected:
        defaultMode: 288 # 0440
        sources:
          {{- toYaml $files | nindent 10 }}
    {{- end }}
    {{- with $v.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- with $v.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    {{- $constraint := deepCopy . }}
    {{- if not (hasKey $constraint "labelSelector") }}
    {{- $_ := set $constraint "labelSelector" (dict "matchLabels" (include "easyauth.podSelector" $ | fromYaml)) }}
    {{- end }}
    {{- toYaml (list $constraint) | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- with $v.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "easyauth.grace" -}}
{{- .terminationGracePeriodSeconds | default (add (int .shutdownTimeoutSeconds) 10) | int -}}
{{- end -}}
