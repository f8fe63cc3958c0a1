// Package arguments reads the flags of the tools' command lines.
//
// Package flag answers a mistake with the error and then the whole help, which scrolls the error off
// the screen. Here the help is for those who ask for it, and a mistake is an error that says where it is.
package arguments

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// Parse sets the flags of fs from args. -h and --help print help and the flags to out, and return
// flag.ErrHelp; any other error is for the caller to print, once.
func Parse(fs *flag.FlagSet, args []string, out io.Writer, help string) error {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	err := fs.Parse(args)
	fs.SetOutput(out)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, help)
		fs.PrintDefaults()
		return err
	}
	if err != nil {
		return fmt.Errorf("%w; --help lists the flags", err)
	}
	return nil
}
