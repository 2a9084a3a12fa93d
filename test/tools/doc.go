// Package tools holds the tests of the shell scripts in this folder that install what is missing.
package tools
