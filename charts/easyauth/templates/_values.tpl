{{/*
The values that count, as JSON: those of EasyAuthForK8s' chart translated into ours, and under "notes" what was translated or
ignored. Where both say something, and not the same, it is refused.
*/}}
{{- define "easyauth.values" -}}
{{- $v := deepCopy .Values -}}
{{- $aad := $v.azureAd | default dict -}}
{{- $old := $v.easyAuthForK8s | default dict -}}
{{- $secret := $v.secret | default dict -}}
{{- $logging := $v.logging | default dict -}}
{{- $notes := list -}}

{{- $moves := list
  (list "azureAd.instance" $aad.instance "instance")
  (list "azureAd.tenantId" $aad.tenantId "tenantId")
  (list "azureAd.clientId" $aad.clientId "clientId")
  (list "azureAd.clientSecret" $aad.clientSecret "clientSecret")
  (list "secret.azureclientsecret" $secret.azureclientsecret "clientSecret")
  (list "easyAuthForK8s.authPath" (include "easyauth.below" (list $v.basePath $old.authPath)) "paths.auth")
  (list "easyAuthForK8s.signinPath" (include "easyauth.below" (list $v.basePath $old.signinPath)) "paths.signin")
  (list "azureAd.callbackPath" (include "easyauth.below" (list $v.basePath $aad.callbackPath)) "paths.callback")
  (list "azureAd.signedOutCallbackPath" (include "easyauth.below" (list $v.basePath $aad.signedOutCallbackPath)) "paths.signedOut")
  (list "azureAd.signUpSignInPolicyId" $aad.signUpSignInPolicyId "settings.signupSigninPolicy")
  (list "easyAuthForK8s.allowBearerToken" (include "easyauth.lower" $old.allowBearerToken) "settings.allowBearer")
  (list "easyAuthForK8s.compressCookieClaims" (include "easyauth.lower" $old.compressCookieClaims) "settings.compress")
  (list "easyAuthForK8s.defaultRedirectAfterSignin" $old.defaultRedirectAfterSignin "settings.defaultRedirect")
  (list "easyAuthForK8s.responseHeaderPrefix" $old.responseHeaderPrefix "settings.headerPrefix")
  (list "easyAuthForK8s.claimEncodingMethod" (include "easyauth.enumeration" (list "easyAuthForK8s.claimEncodingMethod" $old.claimEncodingMethod "UrlEncode" "Base64" "None" "NoneWithReject")) "settings.claimEncoding")
  (list "easyAuthForK8s.headerFormatOption" (include "easyauth.enumeration" (list "easyAuthForK8s.headerFormatOption" $old.headerFormatOption "Separate" "Combined")) "settings.headerFormat")
  (list "logging.logLevel" (include "easyauth.logLevel" $logging.logLevel) "settings.logLevel")
-}}
{{- if $aad.domain -}}
  {{- if not $aad.signUpSignInPolicyId -}}
    {{- $moves = append $moves (list "azureAd.domain" $aad.domain "settings.domainHint") -}}
  {{- else if or $v.tenantId $aad.tenantId -}}
    {{- $notes = append $notes "azureAd.domain: ignored, because with a policy of Azure AD B2C it was the tenant, which tenantId names" -}}
  {{- else -}}
    {{- $moves = append $moves (list "azureAd.domain" $aad.domain "tenantId") -}}
  {{- end -}}
{{- end -}}
{{- range $moves -}}
  {{- $from := index . 0 -}}
  {{- $value := include "easyauth.text" (index . 1) -}}
  {{- $to := index . 2 -}}
  {{- if $value -}}
    {{- $names := splitList "." $to -}}
    {{- $place := $v -}}
    {{- if gt (len $names) 1 }}{{ $place = get $v (first $names) }}{{ end -}}
    {{- $now := include "easyauth.text" (get $place (last $names)) -}}
    {{- if and $now (ne (lower $now) (lower $value)) -}}
      {{- fail (printf "\n\n%s (of EasyAuthForK8s) and %s are both set, and differ: set one of them.\n" $from $to) -}}
    {{- end -}}
    {{- if not $now }}{{ $_ := set $place (last $names) $value }}{{ end -}}
    {{- $notes = append $notes (printf "%s: read as %s" $from $to) -}}
  {{- end -}}
{{- end -}}
{{- include "easyauth.oldObjects" (dict "root" . "v" $v "notes" $notes) -}}
{{- end -}}

{{/* The rest of them: what is no single text. Prints the result of "easyauth.values". */}}
{{- define "easyauth.oldObjects" -}}
{{- $v := .v -}}
{{- $notes := .notes -}}
{{- $secret := $v.secret | default dict -}}
{{- if $secret.name -}}
  {{- if $v.clientSecret -}}
    {{- $notes = append $notes "secret.name: ignored, because the chart's Secret has the release's name" -}}
  {{- else if not $v.clientSecretRef.name -}}
    {{- $_ := set $v "clientSecretRef" (dict "name" $secret.name "key" "CLIENT_SECRET") -}}
    {{- $notes = append $notes "secret.name: read as clientSecretRef.name, with the entry CLIENT_SECRET: it must be there, and stay when the old release is removed" -}}
  {{- end -}}
{{- end -}}
{{- with $v.appHostName -}}
  {{- if not $v.hosts -}}
    {{- $_ := set $v "hosts" (list .) -}}
  {{- else if not (has . $v.hosts) -}}
    {{- fail (printf "\n\nappHostName (of EasyAuthForK8s) is %s, which is not among hosts: add it there, or remove appHostName.\n" .) -}}
  {{- end -}}
  {{- $notes = append $notes "appHostName: read as hosts" -}}
{{- end -}}
{{- with $v.tlsSecretName -}}
  {{- if $v.ingress.tls -}}
    {{- fail "\n\ntlsSecretName (of EasyAuthForK8s) and ingress.tls are both set: set one of them.\n" -}}
  {{- end -}}
  {{- $_ := set $v.ingress "tls" (list (dict "secretName" . "hosts" (include "easyauth.ingressHosts" $v | fromJsonArray))) -}}
  {{- $notes = append $notes "tlsSecretName: read as ingress.tls" -}}
{{- end -}}
{{- with $v.replicaCount -}}
  {{- $_ := set $v "replicas" . -}}
  {{- $notes = append $notes "replicaCount: read as replicas" -}}
{{- end -}}
{{- with $v.imagePullSecrets -}}
  {{- $_ := set $v.image "pullSecrets" (concat $v.image.pullSecrets .) -}}
  {{- $notes = append $notes "imagePullSecrets: read as image.pullSecrets" -}}
{{- end -}}
{{- with $v.namespace -}}
  {{- if ne . $.root.Release.Namespace -}}
    {{- fail (printf "\n\nnamespace (of EasyAuthForK8s) is %s, and the release is in %s: remove it, and install with --namespace %s.\n" . $.root.Release.Namespace .) -}}
  {{- end -}}
{{- end -}}
{{- range list "claimName" "volumeName" -}}
  {{- if get $v . }}{{ $notes = append $notes (printf "%s: ignored, because no volume is needed" .) }}{{ end -}}
{{- end -}}
{{- $old := $v.easyAuthForK8s | default dict -}}
{{- if $old.dataProtectionFileLocation -}}
  {{- $notes = append $notes "easyAuthForK8s.dataProtectionFileLocation: ignored, because keys come from a Secret and no volume is needed" -}}
{{- end -}}
{{- if and $old.signoutPath (ne $old.signoutPath "/logout") -}}
  {{- fail "\n\neasyAuthForK8s.signoutPath: sign-out is always at basePath and /logout. Remove it.\n" -}}
{{- end -}}
{{- if and $old.defaultRedirectAfterSignout (ne $old.defaultRedirectAfterSignout "_blank") -}}
  {{- $notes = append $notes "easyAuthForK8s.defaultRedirectAfterSignout: ignored; give rd to the link that signs out" -}}
{{- end -}}
{{- $_ := set $v "notes" $notes -}}
{{- toJson $v -}}
{{- end -}}

{{/* A value as text. Lists have commas; whole numbers no exponent. */}}
{{- define "easyauth.text" -}}
{{- if kindIs "slice" . -}}
{{- join "," . -}}
{{- else if kindIs "float64" . -}}
{{- if eq . (floor .) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- else if not (kindIs "invalid" .) -}}
{{- toString . -}}
{{- end -}}
{{- end -}}

{{- define "easyauth.lower" -}}
{{- include "easyauth.text" . | lower -}}
{{- end -}}

{{/* A path of EasyAuthForK8s, which is below the base path: list basePath path. */}}
{{- define "easyauth.below" -}}
{{- if index . 1 }}{{ index . 0 }}{{ index . 1 }}{{ end -}}
{{- end -}}

{{/* An enumeration of .NET, by name or number: list value-name value names…. */}}
{{- define "easyauth.enumeration" -}}
{{- $value := include "easyauth.lower" (index . 1) -}}
{{- $names := slice . 2 -}}
{{- $found := "" -}}
{{- range $i, $name := $names -}}
{{- if or (eq $value (lower $name)) (eq $value (toString $i)) }}{{ $found = $name }}{{ end -}}
{{- end -}}
{{- if and $value (not $found) -}}
{{- fail (printf "\n\n%s must be one of %s, or its number from 0.\n" (first .) (join ", " $names)) -}}
{{- end -}}
{{- $found -}}
{{- end -}}

{{- define "easyauth.logLevel" -}}
{{- $value := include "easyauth.lower" . -}}
{{- get (dict "trace" "debug" "debug" "debug" "information" "info" "warning" "warn" "error" "error" "critical" "error" "none" "error") $value | default $value -}}
{{- end -}}

{{/* Host names for the Ingress, as a JSON list, of values: without scheme and port, each once. */}}
{{- define "easyauth.ingressHosts" -}}
{{- include "easyauth.hostNames" (dict "v" . "hosts" .ingress.hosts) -}}
{{- end -}}

{{- define "easyauth.hostNames" -}}
{{- $names := list -}}
{{- range .hosts | default (concat .v.hosts (compact (list .v.callbackHost))) -}}
{{- $names = append $names (regexReplaceAll ":[0-9]+$" (lower . | trimPrefix "http://" | trimPrefix "https://") "") -}}
{{- end -}}
{{- $names | uniq | toJson -}}
{{- end -}}
