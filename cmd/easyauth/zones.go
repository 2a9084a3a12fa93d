package main

// The time zones that TZ may name are in the program: the image has no files of them,
// nor has Windows. Log lines are written in TZ's time.
import _ "time/tzdata"
