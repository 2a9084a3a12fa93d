package entra

import (
	"regexp"
	"strconv"
	"testing"
)

func TestTableIsBounded(t *testing.T) {
	rows := newTable[int]()
	for i := range tableLimit + 5 {
		rows.put(strconv.Itoa(i), i)
	}
	rows.put(strconv.Itoa(tableLimit), -1) // a replacement takes no more room
	if len(rows.rows) != tableLimit || len(rows.order) != tableLimit {
		t.Errorf("%d rows, %d in order", len(rows.rows), len(rows.order))
	}
	for id, want := range map[int]bool{0: false, 4: false, 5: true, tableLimit + 4: true} {
		if _, ok := rows.get(strconv.Itoa(id)); ok != want {
			t.Errorf("row %d is there: %v", id, ok)
		}
	}
	if _, ok := rows.swap("0", func(*int) {}); ok {
		t.Error("a row that is gone was edited")
	}
	if before, ok := rows.swap("5", func(v *int) { *v = 7 }); !ok || before != 5 {
		t.Errorf("swap gives %d %v", before, ok)
	}
	rows.delete("5")
	if _, ok := rows.get("5"); ok {
		t.Error("a deleted row is there")
	}
}

func TestGUID(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if a, b := newGUID(), newGUID(); a == b || !form.MatchString(a) || !form.MatchString(GroupID(1)) || !form.MatchString(AdeleOID) {
		t.Errorf("%s %s %s", a, b, GroupID(1))
	}
}
