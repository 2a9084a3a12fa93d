package session

import "encoding/binary"

// Mark tells what a session says from what any other says, and from what it said before
// the provider was asked again. It is no secret and no proof, and never zero.
func (s *Session) Mark() (mark [32]byte) {
	mark[0] = 1
	copy(mark[8:16], s.ID[:])
	binary.BigEndian.PutUint64(mark[16:24], uint64(s.Issued.UnixMilli()))
	if s.stored != nil {
		binary.BigEndian.PutUint64(mark[24:], s.stored.version)
	}
	return mark
}
