// Nostart never asks for work: it exits, or hangs, in its init.
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	fmt.Println("a variable is missing")
	if os.Getenv("HANG") != "" {
		time.Sleep(time.Hour)
	}
	os.Exit(7)
}
