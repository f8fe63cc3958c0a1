package template

import (
	"fmt"
	"os"
	"path/filepath"
)

// Options is what CloudFormation knows besides the template.
type Options struct {
	// Parameters overrides the parameters' defaults.
	Parameters map[string]string
	// StackName, Region and AccountID default to edgestream, us-east-1 and
	// 123456789012.
	StackName, Region, AccountID string
}

func (o Options) withDefaults() Options {
	if o.StackName == "" {
		o.StackName = "edgestream"
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.AccountID == "" {
		o.AccountID = "123456789012"
	}
	return o
}

// Error is a template that cannot be understood, and where.
type Error struct {
	// File is the path as it was given; Line counts from 1, or is 0 where the
	// error belongs to no line.
	File string
	Line int
	// LogicalID is the resource, parameter, condition or output, or empty.
	LogicalID string
	Message   string
}

// Error is FILE:LINE: LOGICALID: MESSAGE.
func (e *Error) Error() string {
	text := e.File
	if e.Line > 0 {
		text = fmt.Sprintf("%s:%d", text, e.Line)
	}
	if e.LogicalID != "" {
		text += ": " + e.LogicalID
	}
	return text + ": " + e.Message
}

// Load reads the template at path. CodeUri is taken relative to its folder.
// The error is an *[Error], or says why the file cannot be read.
func Load(path string, opts Options) (*Stack, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	return Parse(data, path, opts)
}

// Parse reads a template's text. The path is for error messages and for what
// CodeUri is relative to; nothing is read from it.
func Parse(data []byte, path string, opts Options) (*Stack, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the template's folder: %w", err)
	}
	r, err := newResolver(data, path, opts.withDefaults())
	if err != nil {
		return nil, err
	}
	return r.stack(absolute)
}
