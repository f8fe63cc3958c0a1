package lambda_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"edgestream/infra/local/lambda"
)

// A function that a person steps through is named in Options.External. What the runner prints
// then is a command to copy: the environment, and the debugger.
func ExampleService_ExternalEnv() {
	cacheDir, err := os.MkdirTemp("", "example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(cacheDir)
	s, err := lambda.New(
		lambda.Options{Root: ".", CacheDir: cacheDir, External: map[string]bool{"Connect": true},
			Env: map[string]string{"CONNECTIONS_TABLE": "Connections"}},
		[]lambda.Function{{Name: "Connect", Dir: "/src/functions/connect"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close(context.Background())

	for _, variable := range s.ExternalEnv("Connect") {
		name, value, _ := strings.Cut(variable, "=")
		switch name {
		case "AWS_LAMBDA_RUNTIME_API": // its port differs from run to run
			fmt.Printf("%s=%s… ", name, strings.TrimRight(value, "0123456789"))
		case "CONNECTIONS_TABLE":
			fmt.Printf("%s ", variable)
		}
	}
	fmt.Println("dlv debug ./functions/connect")
	// Output: AWS_LAMBDA_RUNTIME_API=127.0.0.1:… CONNECTIONS_TABLE=Connections dlv debug ./functions/connect
}
