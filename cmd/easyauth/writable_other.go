//go:build !unix

package main

// writable does not know.
func writable(string) error { return nil }
