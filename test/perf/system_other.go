//go:build !linux

package main

import (
	"errors"
	"syscall"
	"time"
)

var errLinux = errors.New("the CPU time of another process is measured on Linux only")

func cpuTime(int) (time.Duration, error) { return 0, errLinux }

func resident(int) (int64, error) { return 0, errLinux }

func catches(int, syscall.Signal) bool { return false }

func childOf(int) (int, error) { return 0, errLinux }
