package translate

import "strings"

// fate is what becomes of an annotation of ingress-nginx.
type fate int

const (
	unknown  fate = iota // it may protect: refused
	carried              // the output does it
	dropped              // named in the report; without it nobody gets in who did not before
	guarding             // it keeps requests out, or changes what the rule holds for: refused
)

type known struct {
	fate fate
	why  string
}

const (
	whyTuning  = "the new proxy has its own setting for this"
	whyLogs    = "logs and traces are the new proxy's matter"
	whyCORS    = "preflights are asked for like all requests, until the new proxy answers them"
	whySticky  = "EasyAuth needs no sticky sessions; if the application does, the new proxy has a setting"
	whyUpTLS   = "the application is asked over plain http"
	whyClients = "it keeps clients out, and is not carried over"
	whySnippet = "text of nginx's own configuration can change anything, also who gets in"
	whyCert    = "client certificates keep requests out, and are not carried over"
	whyWAF     = "the web application firewall keeps requests out, and is not carried over"
	whyCanary  = "two applications share the path; which of them a request reaches cannot be carried over"
	whyMoved   = "the path's answer is a redirect, and the application would be open instead"
	whyRate    = "set the new proxy's own limits"
	whyCache   = "answers are not kept: each request is asked for"
	whyKeep    = "it is about nginx's connections to EasyAuth"
	whyRegex   = "paths are regular expressions with it, for every Ingress of the host"
)

// annotations that are known by their whole name, without nginx.ingress.kubernetes.io/.
func byName() map[string]known {
	return map[string]known{
		"auth-url":                   {carried, ""},
		"auth-signin":                {carried, ""},
		"auth-response-headers":      {carried, ""},
		"auth-signin-redirect-param": {dropped, "EasyAuth's own redirect needs none"},
		"auth-always-set-cookie":     {dropped, "EasyAuth's cookies of refused requests reach the browser anyway"},
		"auth-request-redirect":      {dropped, "the page is the one that was asked for"},
		"auth-proxy-set-headers":     {dropped, "the headers of this ConfigMap are not sent to EasyAuth; if EASYAUTH_PROXY_SECRET_FILE is set, send that header by hand"},
		"auth-cache-key":             {dropped, whyCache},
		"auth-cache-duration":        {dropped, whyCache},
		"auth-keepalive":             {dropped, whyKeep},
		"auth-keepalive-share-vars":  {dropped, whyKeep},
		"auth-keepalive-requests":    {dropped, whyKeep},
		"auth-keepalive-timeout":     {dropped, whyKeep},
		"auth-method":                {guarding, "EasyAuth is asked as its adapter wants it"},
		"auth-snippet":               {guarding, whySnippet},
		"auth-type":                  {guarding, "a password would no longer be asked for"},
		"auth-secret":                {guarding, "a password would no longer be asked for"},
		"auth-secret-type":           {guarding, "a password would no longer be asked for"},
		"auth-realm":                 {guarding, "a password would no longer be asked for"},
		"satisfy":                    {guarding, "one of several conditions is enough with it"},
		"enable-global-auth":         {dropped, "global-auth-url is a setting of ingress-nginx's ConfigMap"},
		"use-regex":                  {guarding, whyRegex},
		"rewrite-target":             {guarding, "the path that is judged is not the one that is served, and " + whyRegex},
		"server-snippet":             {guarding, whySnippet},
		"configuration-snippet":      {guarding, whySnippet},
		"stream-snippet":             {guarding, whySnippet},
		"modsecurity-snippet":        {guarding, whySnippet},
		"enable-modsecurity":         {guarding, whyWAF},
		"enable-owasp-core-rules":    {guarding, whyWAF},
		"modsecurity-transaction-id": {guarding, whyWAF},
		"whitelist-source-range":     {guarding, whyClients},
		"allowlist-source-range":     {guarding, whyClients},
		"denylist-source-range":      {guarding, whyClients},
		"permanent-redirect":         {guarding, whyMoved},
		"permanent-redirect-code":    {guarding, whyMoved},
		"temporal-redirect":          {guarding, whyMoved},
		"temporal-redirect-code":     {guarding, whyMoved},
		"relative-redirects":         {dropped, whyTuning},
		"ssl-passthrough":            {guarding, "nobody is asked with it: nginx does not see the request"},
		"proxy-ssl-secret":           {dropped, whyUpTLS},
		"backend-protocol":           {carried, ""}, // HTTP alone; judge looks
		"secure-backends":            {guarding, whyUpTLS},
		"grpc-backend":               {guarding, whyUpTLS},
		"default-backend":            {dropped, "when the application has no pod, the new proxy answers"},
		"custom-http-errors":         {dropped, "error pages are the new proxy's"},
		"disable-proxy-intercept-errors": {
			dropped, "error pages are the new proxy's",
		},
		"custom-headers":            {dropped, "headers of answers are the new proxy's matter"},
		"app-root":                  {dropped, "/ is not redirected"},
		"from-to-www-redirect":      {dropped, "www and the bare name are not redirected to each other"},
		"server-alias":              {dropped, "the other names are not served"},
		"upstream-vhost":            {dropped, "the application sees the client's Host"},
		"x-forwarded-prefix":        {dropped, "this header is not set"},
		"connection-proxy-header":   {dropped, whyTuning},
		"preserve-trailing-slash":   {dropped, whyTuning},
		"force-ssl-redirect":        {carried, ""}, // judge looks
		"ssl-redirect":              {carried, ""}, // judge looks
		"ssl-ciphers":               {dropped, whyTuning},
		"ssl-prefer-server-ciphers": {dropped, whyTuning},
		"http2-push-preload":        {dropped, whyTuning},
		"affinity":                  {dropped, whySticky},
		"affinity-mode":             {dropped, whySticky},
		"affinity-canary-behavior":  {guarding, whyCanary},
		"load-balance":              {dropped, whyTuning},
		"service-upstream":          {dropped, whyTuning},
		"client-body-buffer-size":   {dropped, whyTuning},
		"enable-access-log":         {dropped, whyLogs},
		"enable-rewrite-log":        {dropped, whyLogs},
		"enable-opentracing":        {dropped, whyLogs},
		"enable-opentelemetry":      {dropped, whyLogs},
		"cors-allow-origin":         {dropped, whyCORS},
		"enable-cors":               {dropped, whyCORS},
		"limit-whitelist":           {dropped, whyRate},
		"canary":                    {guarding, whyCanary},
	}
}

// annotations that are known by how they begin.
func byPrefix() map[string]known {
	return map[string]known{
		"auth-tls-":                {guarding, whyCert},
		"canary-":                  {guarding, whyCanary},
		"limit-":                   {dropped, whyRate},
		"global-rate-limit":        {dropped, whyRate},
		"cors-":                    {dropped, whyCORS},
		"session-cookie-":          {dropped, whySticky},
		"upstream-hash-by":         {dropped, whyTuning},
		"mirror-":                  {dropped, "requests are not mirrored"},
		"opentelemetry-":           {dropped, whyLogs},
		"opentracing-":             {dropped, whyLogs},
		"proxy-ssl-":               {dropped, whyUpTLS},
		"proxy-body-size":          {dropped, "the limit of a body is the new proxy's"},
		"proxy-connect-timeout":    {dropped, whyTuning},
		"proxy-read-timeout":       {dropped, whyTuning},
		"proxy-send-timeout":       {dropped, whyTuning},
		"proxy-next-upstream":      {dropped, whyTuning},
		"proxy-buffer":             {dropped, whyTuning},
		"proxy-busy-buffers-size":  {dropped, whyTuning},
		"proxy-request-buffering":  {dropped, whyTuning},
		"proxy-max-temp-file-size": {dropped, whyTuning},
		"proxy-http-version":       {dropped, whyTuning},
		"proxy-cookie-":            {dropped, "cookies of the application are not rewritten"},
		"proxy-redirect-":          {dropped, "Location of the application is not rewritten"},
	}
}

// ofController reports whether an annotation that is not ours is of a program that routes requests: what it says may be
// the protection.
func ofController(key string) bool {
	prefix, name, _ := strings.Cut(key, "/")
	if strings.Contains(prefix, "ingress") || name == "auth-url" || fateOf(name).fate == guarding {
		return true
	}
	for _, controller := range []string{
		"nginx.org", "nginx.com", "konghq.com", "haproxy.org", "haproxy.com", "projectcontour.io", "getambassador.io", "apisix.apache.org",
		"traefik.io", "traefik.containo.us", "istio.io", "gateway.envoyproxy.io",
	} {
		if prefix == controller || strings.HasSuffix(prefix, "."+controller) {
			return true
		}
	}
	return false
}

// fateOf looks an annotation of ingress-nginx up; the longest beginning that fits counts.
func fateOf(short string) known {
	if k, ok := byName()[short]; ok {
		return k
	}
	found, length := known{unknown, "it is not known here, and may be what keeps requests out"}, 0
	for prefix, k := range byPrefix() {
		if strings.HasPrefix(short, prefix) && len(prefix) > length {
			found, length = k, len(prefix)
		}
	}
	return found
}
