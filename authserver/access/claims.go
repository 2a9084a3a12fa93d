package access

// ProtocolClaims names the claims that belong to the protocol: who verified a token has
// judged them, or they mean something to the provider alone. No identity has them, no
// application is told of them, and a rule about one would be the same for everybody.
// EasyAuthForK8s leaves out the same, apart from the last three: where groups are to be found
// may come with an access token for the place.
func ProtocolClaims() []string {
	return []string{
		"aud", "exp", "iat", "nbf", "nonce", "at_hash", "c_hash", "s_hash",
		"aio", "idp", "rh", "unique_name", "uti", "ver",
		"_claim_names", "_claim_sources", "hasgroups",
	}
}
