package policy

// CleanPath gives the path of a request URI as conditions about paths see it: see cleanPath. It is for who
// chooses by the path before a policy is asked, so that both see the same.
func CleanPath(uri string) (path string, ok bool) { return cleanPath(uri) }
