package property

import (
	"slices"
	"testing"
)

func TestChosen(t *testing.T) {
	for value, want := range map[string]struct {
		seed        uint64
		first, last int
	}{
		"17": {17, 0, 9}, "0": {0, 0, 9}, "17/3": {17, 3, 4}, "17/20": {17, 20, 21},
	} {
		seed, first, last, err := chosen(value, 9)
		if err != nil || seed != want.seed || first != want.first || last != want.last {
			t.Errorf("%q: %d, %d to %d, %v", value, seed, first, last, err)
		}
	}
	for _, value := range []string{"x", "-1", "17/", "17/-1", "17/x", "/3", "17/3/4", " 17"} {
		if _, _, _, err := chosen(value, 9); err == nil {
			t.Errorf("%q was taken", value)
		}
	}
	if _, first, last, err := chosen("", 9); err != nil || first != 0 || last != 9 {
		t.Errorf("without a value: %d to %d, %v", first, last, err)
	}
}

// A case is the same every time, and another one than the next.
func TestCasesComeAgain(t *testing.T) {
	draw := func(value string) (list []int) {
		t.Setenv(Variable, value)
		Try(t, 5, func(_ *testing.T, r *Rand) { list = append(list, r.IntN(1<<30)) })
		return list
	}
	all := draw("17")
	if again := draw("17"); len(all) != 5 || !slices.Equal(all, again) || all[0] == all[1] {
		t.Errorf("%v, then %v", all, again)
	}
	if third := draw("17/3"); len(third) != 1 || third[0] != all[3] {
		t.Errorf("the third of %v alone is %v", all, third)
	}
	if other := draw("18"); slices.Equal(all, other) {
		t.Errorf("another seed gives %v too", other)
	}
}

func TestDraws(t *testing.T) {
	list := []int{1, 2, 3, 4, 5}
	Try(t, 200, func(t *testing.T, r *Rand) {
		some, more, turned := Some(r, list), Inserted(r, list, 6), Shuffled(r, list)
		if !slices.IsSorted(some) || len(more) != 6 || !slices.Contains(more, 6) || !slices.Contains(list, One(r, list)) {
			t.Errorf("%v %v", some, more)
		}
		if slices.Sort(turned); !slices.Equal(turned, list) {
			t.Errorf("%v", turned)
		}
		if n := r.Between(3, 4); n != 3 && n != 4 {
			t.Errorf("%d is not between 3 and 4", n)
		}
		if text := r.Text("ab", 3); len(text) > 3 {
			t.Errorf("%q", text)
		}
	})
}
