package pages

// methodWords are ways to sign in, by the values of amr: those of RFC 8176 and
// some that Entra ID and others add.
func methodWords() map[string]string {
	return map[string]string{
		"pwd": "Password", "pin": "PIN", "otp": "One-time code", "sms": "Text message", "tel": "Telephone call", "kba": "Security questions",
		"mfa": "Several factors", "ngcmfa": "Several factors", "mca": "Several channels", "rba": "Assessed risk",
		"hwk": "Hardware key", "swk": "Software key", "pop": "Proof of a key", "fido": "Security key or passkey", "rsa": "Certificate or authenticator app",
		"sc": "Smart card", "x509": "Certificate", "wia": "Windows sign-in", "fed": "Another organization's sign-in",
		"face": "Face recognition", "fpt": "Fingerprint", "iris": "Iris scan", "retina": "Retina scan", "vbm": "Voice recognition",
		"geo": "Location", "user": "Presence of a person", "email": "Code by email",
	}
}

// contextWords are the few authentication contexts that mean the same everywhere.
func contextWords() map[string]string {
	return map[string]string{
		"phr": "Resistant to phishing", "phrh": "Resistant to phishing, with protected hardware",
		"http://schemas.openid.net/pape/policies/2007/06/multi-factor": "Several factors",
		"possessionorinherence": "Something you have or are",
	}
}

func plainMethods(values []string) []string { return plain(values, methodWords()) }

func plainContexts(values []string) []string { return plain(values, contextWords()) }

// plain puts in words what has some, leaves the rest as it is, and says nothing
// twice.
func plain(values []string, words map[string]string) []string {
	var said []string
	seen := map[string]bool{"": true}
	for _, v := range values {
		if word, ok := words[v]; ok {
			v = word
		}
		if !seen[v] {
			seen[v] = true
			said = append(said, v)
		}
	}
	return said
}
