// Package envoy tests docs/proxies/envoy.md: each configuration there is decoded strictly by the types of the
// program that it is for, and says what the page promises. Envoy itself cannot be had here.
package envoy
