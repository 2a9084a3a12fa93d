package entra

import "strings"

// Faults of logout tokens alone.
const (
	LogoutWithoutEvents  TokenFault = "no events"
	LogoutEventsText     TokenFault = "events a text"
	LogoutOtherEvent     TokenFault = "another event"
	LogoutEventText      TokenFault = "the event a text" // an object is right
	LogoutOfNobody       TokenFault = "neither sub nor sid"
	LogoutWithoutID      TokenFault = "no jti"
	LogoutEmptyID        TokenFault = "empty jti"
	LogoutLongID         TokenFault = "jti of 300 characters"
	LogoutIDNumber       TokenFault = "jti a number"
	LogoutLongSession    TokenFault = "sid of 300 characters"
	LogoutSessionNumber  TokenFault = "sid a number"
	LogoutWithNonce      TokenFault = "a nonce" // which keeps ID tokens from being logout tokens
	LogoutOtherType      TokenFault = "typ at+jwt"
	LogoutIssuedLongAgo  TokenFault = "iat an hour ago" // exp is right
	LogoutTwoAudiences   TokenFault = "two aud, neither the client"
	LogoutSubjectAsBlank TokenFault = "sub and sid empty"
)

// LogoutTokenFaults returns every fault that makes a logout token one that a
// relying party must refuse: those of tokens in general that can happen to it, and
// its own. Replay is no fault of a token: show one twice.
func LogoutTokenFaults() []TokenFault {
	return []TokenFault{
		WrongAudience, WrongIssuer, WrongSignature, AlgNone, HS256PublicKey, UnknownKid, NotAJWT, Expired, MissingExpiry, MissingIssuedAt,
		MissingIssuer, MissingAudience, IssuerWithSlash, AudienceOtherCase, FutureIssuedAt, TextExpiry, LongSubject, SubjectNumber,
		DuplicateClaims, TrailingJSON, HugeToken, CritHeader, EmbeddedJWK, EmbeddedX5C, ForeignJKU, EncryptionKid, OtherKid, ES256Header,
		NoneOtherCase, EmptySignature, NestedJWT, FiveParts, TrailingPart, TrailingText,
		LogoutWithoutEvents, LogoutEventsText, LogoutOtherEvent, LogoutEventText, LogoutOfNobody, LogoutWithoutID, LogoutEmptyID, LogoutLongID,
		LogoutIDNumber, LogoutLongSession, LogoutSessionNumber, LogoutWithNonce, LogoutOtherType, LogoutIssuedLongAgo, LogoutTwoAudiences,
		LogoutSubjectAsBlank,
	}
}

// breakLogout applies those faults that are wrong claims of logout tokens.
func breakLogout(claims map[string]any, fault TokenFault) {
	long := strings.Repeat("x", 300)
	switch fault {
	case LogoutWithoutEvents:
		delete(claims, "events")
	case LogoutEventsText:
		claims["events"] = logoutEvent
	case LogoutOtherEvent:
		claims["events"] = map[string]any{"http://schemas.openid.net/event/another": map[string]any{}}
	case LogoutEventText:
		claims["events"] = map[string]any{logoutEvent: "yes"}
	case LogoutOfNobody:
		delete(claims, "sub")
		delete(claims, ClaimSessionID)
	case LogoutSubjectAsBlank:
		claims["sub"], claims[ClaimSessionID] = "", ""
	case LogoutWithoutID:
		delete(claims, "jti")
	case LogoutEmptyID:
		claims["jti"] = ""
	case LogoutLongID:
		claims["jti"] = long
	case LogoutIDNumber:
		claims["jti"] = 4711
	case LogoutLongSession:
		claims[ClaimSessionID] = long
	case LogoutSessionNumber:
		claims[ClaimSessionID] = 4711
	case LogoutWithNonce:
		claims["nonce"] = "n"
	case LogoutIssuedLongAgo:
		iat, _ := claims["iat"].(int64)
		claims["iat"] = iat - 3600
	case LogoutTwoAudiences:
		claims["aud"] = []string{fixedGUID("one"), fixedGUID("another")}
	}
}
