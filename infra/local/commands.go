package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/coder/websocket"

	"edgestream/infra/arguments"
)

// command is a small tool for trying things out with nothing but Go: a WebSocket client, and
// items in plain JSON.
type command struct {
	arguments, help string
	// items says that it writes items, and so needs to know where DynamoDB is.
	items bool
	run   func(ctx context.Context, c commandLine) error
}

// commandLine is what a command was called with.
type commandLine struct {
	args     []string
	endpoint string
	region   string
	in       io.Reader
	out      io.Writer
}

var commands = map[string]command{
	"listen": {"URL", "connects to a WebSocket (ws://…), prints every frame with its time, and sends every line that you type;\nor reads an event stream (http://…) and prints its lines", false, listenTo},
	"put":    {"TABLE ITEM", `writes an item given as plain JSON, such as '{"owner":"1","id":"filter#1","kind":"filter","payload":{}}'`, true, put},
	"delete": {"TABLE KEY", `deletes an item by its key given as plain JSON, such as '{"owner":"1","id":"filter#1"}'`, true, remove},
}

// runCommand runs the command that args begin with, and reports false if there is none.
func runCommand(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) (bool, error) {
	if len(args) == 0 {
		return false, nil
	}
	c, ok := commands[args[0]]
	if !ok {
		return false, nil
	}
	line := commandLine{in: in, out: out}
	fs := flag.NewFlagSet(args[0], flag.ContinueOnError)
	if c.items {
		fs.StringVar(&line.endpoint, "endpoint", cmp.Or(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"), os.Getenv("AWS_ENDPOINT_URL"), "http://127.0.0.1:8000"),
			"`URL` of DynamoDB; default: AWS_ENDPOINT_URL_DYNAMODB, or else AWS_ENDPOINT_URL, or else the runner's usual one")
		fs.StringVar(&line.region, "region", cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1"), "region that tables belong to; default: AWS_REGION")
	}
	help := fmt.Sprintf("go run ./infra/local %s [flags] %s\n\n%s\n\n", args[0], c.arguments, c.help)
	if err := arguments.Parse(fs, args[1:], errOut, help); err != nil {
		return true, err
	}
	if line.args = fs.Args(); len(line.args) != len(strings.Fields(c.arguments)) {
		return true, fmt.Errorf("want: go run ./infra/local %s [flags] %s", args[0], c.arguments)
	}
	return true, c.run(ctx, line)
}

// listenTo is a client for a person at a terminal.
func listenTo(ctx context.Context, c commandLine) error {
	if strings.HasPrefix(c.args[0], "http") {
		return readEvents(ctx, c)
	}
	if !strings.HasPrefix(c.args[0], "ws://") && !strings.HasPrefix(c.args[0], "wss://") {
		return fmt.Errorf("%s: want a URL that begins with ws:// or wss://, or http:// or https:// for an event stream", c.args[0])
	}
	socket, response, err := websocket.Dial(ctx, c.args[0], nil)
	if err != nil && response != nil && response.StatusCode == http.StatusOK {
		return fmt.Errorf("%s is no WebSocket: a path with a stream is server-sent events, and wants http://", c.args[0])
	}
	if err != nil && response != nil {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10)) // what there is of it
		return fmt.Errorf("%s answered %s: check the token and the path %s", c.args[0], response.Status, said)
	}
	if err != nil {
		return unanswered(c.args[0], errors.Unwrap(err))
	}
	defer socket.CloseNow()
	socket.SetReadLimit(-1)
	fmt.Fprintln(c.out, "connected; Ctrl-C ends")
	go sendLines(ctx, socket, c.in)
	for {
		_, frame, err := socket.Read(ctx)
		if ctx.Err() != nil {
			return socket.Close(websocket.StatusNormalClosure, "")
		}
		var closed websocket.CloseError
		if errors.As(err, &closed) {
			fmt.Fprintf(c.out, "closed by the server: %d %s\n", closed.Code, closed.Reason)
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s %s\n", time.Now().Format("15:04:05.000"), frame)
	}
}

func sendLines(ctx context.Context, socket *websocket.Conn, in io.Reader) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if socket.Write(ctx, websocket.MessageText, lines.Bytes()) != nil {
			return
		}
	}
}

func put(ctx context.Context, c commandLine) error {
	item, err := plainItem(c.args[1])
	if err != nil {
		return err
	}
	db := newDatabase(c.endpoint, c.region)
	put, err := db.items.PutItem(ctx, &sdk.PutItemInput{TableName: &c.args[0], Item: item, ReturnValues: types.ReturnValueAllOld})
	switch {
	case err != nil:
		return db.unwritten(ctx, c.args[0], err)
	case len(put.Attributes) > 0:
		fmt.Fprintf(c.out, "%s: changed\n", c.args[0])
	default:
		fmt.Fprintf(c.out, "%s: created\n", c.args[0])
	}
	return nil
}

func remove(ctx context.Context, c commandLine) error {
	key, err := plainItem(c.args[1])
	if err != nil {
		return err
	}
	db := newDatabase(c.endpoint, c.region)
	gone, err := db.items.DeleteItem(ctx, &sdk.DeleteItemInput{TableName: &c.args[0], Key: key, ReturnValues: types.ReturnValueAllOld})
	switch {
	case err != nil:
		return db.unwritten(ctx, c.args[0], err)
	case len(gone.Attributes) > 0:
		fmt.Fprintf(c.out, "%s: deleted\n", c.args[0])
	default:
		fmt.Fprintf(c.out, "%s: there is no such item\n", c.args[0])
	}
	return nil
}

// plainItem reads an item from JSON without DynamoDB's type letters; numbers keep their digits.
func plainItem(text string) (map[string]types.AttributeValue, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var plain map[string]any
	if err := decoder.Decode(&plain); err != nil {
		return nil, fmt.Errorf("the item is no JSON object: %w", err)
	}
	return attributevalue.MarshalMap(numbered(plain))
}

// numbered turns json.Number, which would be written as a string, into DynamoDB numbers.
func numbered(v any) any {
	switch v := v.(type) {
	case json.Number:
		return attributevalue.Number(v)
	case []any:
		for i := range v {
			v[i] = numbered(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbered(v[k])
		}
	}
	return v
}
