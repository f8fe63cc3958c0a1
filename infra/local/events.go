package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// readEvents prints the lines of an event stream as they come.
func readEvents(ctx context.Context, c commandLine) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.args[0], nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return unanswered(c.args[0], errors.Unwrap(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10)) // what there is of it
		return fmt.Errorf("%s answered %s: %s", c.args[0], res.Status, body)
	}
	fmt.Fprintln(c.out, "connected; Ctrl-C ends")
	lines := bufio.NewReader(res.Body)
	for {
		line, err := lines.ReadString('\n')
		if line != "" && line != "\n" {
			fmt.Fprint(c.out, time.Now().Format("15:04:05.000 "), line)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, io.EOF):
			fmt.Fprintln(c.out, "ended by the server")
			return nil
		case err != nil:
			return fmt.Errorf("the stream broke off: %w", err)
		}
	}
}
