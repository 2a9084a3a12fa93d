package policy

// truth is the value of a condition in the three-valued logic of the package comment.
type truth uint8

const (
	no truth = iota
	yes
	unknown
)

// remedy says what may change a value that is not yes.
type remedy uint8

const (
	final  remedy = iota // nothing that happens here
	signIn               // a new sign-in, which can be asked for what is missing
	retry                // asking again later what could not be asked
)

// answer is what a condition says about an input.
type answer struct {
	is     truth
	remedy remedy // of conditions alone; groups of conditions have none
	why    Why    // of an unknown
}

// test is a compiled condition or rule. It allocates nothing, apart from expressions
// and from paths and claims with escapes.
type test func(in *Input) answer

func holds(ok bool) answer {
	if ok {
		return answer{is: yes}
	}
	return answer{}
}

func cannotTell(w Why) answer { return answer{is: unknown, why: w} }

// allOf is no if one is no, else unknown if one is unknown, else yes.
func allOf(tests []test) test {
	if len(tests) == 1 {
		return tests[0]
	}
	return func(in *Input) answer {
		result := answer{is: yes}
		for _, t := range tests {
			switch a := t(in); {
			case a.is == no:
				return answer{}
			case a.is == unknown && result.is == yes:
				result = answer{is: unknown, why: a.why}
			}
		}
		return result
	}
}

// anyOf is yes if one is yes, else unknown if one is unknown, else no.
func anyOf(tests []test) test {
	if len(tests) == 1 {
		return tests[0]
	}
	return func(in *Input) answer {
		result := answer{}
		for _, t := range tests {
			switch a := t(in); {
			case a.is == yes:
				return answer{is: yes}
			case a.is == unknown && result.is == no:
				result = answer{is: unknown, why: a.why}
			}
		}
		return result
	}
}

// noneOf is the opposite of anyOf; the opposite of unknown is unknown.
func noneOf(tests []test) test {
	some := anyOf(tests)
	return func(in *Input) answer {
		switch a := some(in); a.is {
		case no:
			return answer{is: yes}
		case yes:
			return answer{}
		default:
			return answer{is: unknown, why: a.why}
		}
	}
}
