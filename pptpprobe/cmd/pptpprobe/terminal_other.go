//go:build !linux

package main

import (
	"context"
	"errors"
	"os"
)

var errNoPrompt = errors.New("the prompt is implemented for Linux only")

func isTerminal(any) bool { return false }

func openTTY() (*os.File, error) { return nil, errNoPrompt }

func readSecret(context.Context, *os.File, string) (string, error) { return "", errNoPrompt }

func canOpenGRE() bool { return false }
