package e2e

import (
	"syscall"
	"testing"
)

// SIGTERM for one EasyAuth after the other, while people sign in, open pages and
// sign out: nobody notices. (One that starts again cannot sign anybody in before it
// has found the identity provider: that is not counted here.)
func TestAttack24TerminatedWithStore(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, k *keeper) {
		s := start(t, k.replicas(nil))
		c := startCrowd(t, s, 4, 1)
		c.goOn("sessions", 4, sessions)
		failed := func(n tally) int { return n.unavailable + n.unsure + n.notIn + n.notOut }
		for _, i := range []int{1, 0} {
			before := failed(c.counts())
			if err := s.Replica(i).Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			<-s.Replica(i).Done()
			if code := s.Replica(i).ExitCode(); code != 0 {
				t.Errorf("replica %d: exit code %d", i, code)
			}
			c.goOn("passes", 20, passes)
			c.goOn("sessions", 2, sessions)
			if n := failed(c.counts()) - before; n > 0 {
				t.Errorf("replica %d: %d requests, sign-ins or sign-outs without an end", i, n)
			}
			if err := s.RestartEasyAuth(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.goOn("passes", 20, passes)
			c.goOn("sessions", 4, sessions)
		}
		c.goOn("sign-outs", 1, signOuts)
		c.stop()
		c.verify(signedIn(t, s, userOf(0).ID))
		c.close()
		c.report(0, 0)
	})
}
