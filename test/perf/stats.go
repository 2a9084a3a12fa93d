package main

import "slices"

// quantile of values, by linear interpolation between the nearest two; 0 of none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

func median(values []float64) float64 { return quantile(values, 0.5) }

func lowerQuartile(values []float64) float64 { return quantile(values, 0.25) }

// column is one number of each item.
func column[T any](items []T, number func(T) float64) (out []float64) {
	for _, item := range items {
		out = append(out, number(item))
	}
	return out
}
