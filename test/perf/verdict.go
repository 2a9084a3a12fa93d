package main

import "fmt"

// tolerance is how far the median may be above a target whose lower quartile is not.
const tolerance = 1.05

// met reports whether a scenario's target is met: the lower quartile of its
// ratios is at or below it, and the median within 5 % of it. One without a
// target has nothing to miss.
func (r result) met() bool {
	if r.target == 0 {
		return true
	}
	ratios := r.ratios()
	return len(ratios) > 0 && lowerQuartile(ratios) <= r.target && median(ratios) <= r.target*tolerance
}

// missed says of each missed target by how much.
func missed(results []result) (list []string) {
	for _, r := range results {
		if !r.met() {
			list = append(list, fmt.Sprintf("%s: target %.2f, lower quartile %.3f, median %.3f", r.id(), r.target, lowerQuartile(r.ratios()), median(r.ratios())))
		}
	}
	return list
}
