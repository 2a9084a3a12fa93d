package hosts

// refusal is the rule that an input broke. It never holds the input, which may
// carry what no log should: it is the client's text.
type refusal string

// Error returns the rule.
func (r refusal) Error() string { return string(r) }

// The rules.
const (
	errMissing     refusal = "value is missing"
	errSeveral     refusal = "more than one value"
	errTooLong     refusal = "longer than 8 KB"
	errUTF8        refusal = "not valid UTF-8"
	errControl     refusal = "holds a control character"
	errSpace       refusal = "holds white space"
	errBackslash   refusal = "holds a backslash"
	errHTTPSEntry  refusal = "leave out https://, which is the default"
	errCharacter   refusal = "holds a character that must be escaped"
	errEscape      refusal = "holds a malformed percent escape"
	errScheme      refusal = "not an absolute http or https URL"
	errUserinfo    refusal = "holds a user name"
	errHost        refusal = "not a valid host name or address"
	errPort        refusal = "port is not a number from 1 to 65535"
	errNotServed   refusal = "host is not served"
	errNoPath      refusal = "not a path below /"
	errSlashes     refusal = "path holds an empty segment"
	errDotSegment  refusal = "path holds a dot segment"
	errOwnPath     refusal = "path is one of our own endpoints"
	errFragment    refusal = "holds a fragment"
	errJoined      refusal = "two URLs joined by a comma"
	errWildcard    refusal = "wildcard stands for a whole top-level domain or for addresses"
	errPlainHTTP   refusal = "http is only for loopback names"
	errForeignPort refusal = "port belongs to the other scheme"
	errTwoSchemes  refusal = "the same host with two schemes"
)
