package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// unanswered is the error of a command that reaches nobody.
func unanswered(url string, err error) error {
	return fmt.Errorf("nothing answers at %s (is infra/local running, and on that port?): %w", url, err)
}

// unwritten says of an item that was not written what may be wrong with the command.
func (d *database) unwritten(ctx context.Context, table string, err error) error {
	var refused *net.OpError
	if errors.As(err, &refused) {
		return unanswered(d.url, refused)
	}
	var missing *types.ResourceNotFoundException
	if !errors.As(err, &missing) {
		return err
	}
	all, failed := d.items.ListTables(ctx, &sdk.ListTablesInput{})
	if failed != nil {
		return err
	}
	return fmt.Errorf("there is no table %q at %s, but: %s", table, d.url, strings.Join(all.TableNames, ", "))
}
