// Package property tries rules that must hold whatever comes on many random cases.
// All of a run's cases come from one seed, which a failure prints. It knows nothing
// of what is tried.
package property

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Variable is the environment variable that sets the seed of all tests: "17" for
// all of its cases, "17/203" for the 203rd alone.
const Variable = "PROPERTY_SEED"

// Try calls check with n random cases, until one fails. It names the seed of that
// case.
func Try(t *testing.T, n int, check func(t *testing.T, r *Rand)) {
	t.Helper()
	seed, first, last, err := chosen(os.Getenv(Variable), n)
	if err != nil {
		t.Fatal(err)
	}
	for i := first; i < last; i++ {
		if !one(t, seed, i, check) {
			return
		}
	}
}

// one tries a case, and reports whether the test is still good.
func one(t *testing.T, seed uint64, i int, check func(t *testing.T, r *Rand)) bool {
	t.Helper()
	defer func() { // also when check ends the test
		if t.Failed() {
			t.Logf("to see this case again: %s=%d/%d", Variable, seed, i)
		}
	}()
	check(t, &Rand{rand.New(rand.NewPCG(seed, uint64(i)))}) //nolint:gosec // not negative
	return !t.Failed()
}

// chosen reads the variable's value. Without one the seed is another every time.
func chosen(value string, n int) (seed uint64, first, last int, err error) {
	if value == "" {
		return uint64(time.Now().UnixNano()), 0, n, nil
	}
	text, number, single := strings.Cut(value, "/")
	if seed, err = strconv.ParseUint(text, 10, 64); err == nil && single {
		first, err = strconv.Atoi(number)
		n = first + 1
	}
	if err != nil || first < 0 {
		return 0, 0, 0, fmt.Errorf("%s is %q: it must be a number, or two with a slash between", Variable, value)
	}
	return seed, first, n, nil
}

// Rand is the randomness of one case.
type Rand struct{ *rand.Rand }

// Chance is true once in so many times.
func (r *Rand) Chance(in int) bool { return r.IntN(in) == 0 }

// Between is a number from low to high, both included.
func (r *Rand) Between(low, high int) int { return low + r.IntN(high-low+1) }

// Text is up to so many bytes of an alphabet.
func (r *Rand) Text(alphabet string, most int) string {
	b := make([]byte, r.IntN(most+1))
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// One is any of a list, which is not empty.
func One[T any](r *Rand, list []T) T { return list[r.IntN(len(list))] }

// Some are some of a list, perhaps none, in their order.
func Some[T any](r *Rand, list []T) []T {
	var out []T
	for _, v := range list {
		if r.Chance(2) {
			out = append(out, v)
		}
	}
	return out
}

// Shuffled is a copy of a list in another order.
func Shuffled[T any](r *Rand, list []T) []T {
	out := make([]T, len(list))
	for to, from := range r.Perm(len(list)) {
		out[to] = list[from]
	}
	return out
}

// Inserted is a copy of a list with one more, anywhere.
func Inserted[T any](r *Rand, list []T, more T) []T {
	at := r.IntN(len(list) + 1)
	out := append([]T{}, list[:at]...)
	return append(append(out, more), list[at:]...)
}
