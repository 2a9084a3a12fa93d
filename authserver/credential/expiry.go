package credential

import "time"

// Expires returns when the certificate that is in use now ends; the zero time where
// the client proves itself otherwise.
func (s *Source) Expires() time.Time {
	c, ok := s.proof.(certificate)
	if !ok {
		return time.Time{}
	}
	return c.current().notAfter
}
