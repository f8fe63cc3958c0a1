package apigw

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"edgestream/functions/internal/stream"
)

// Active returns when a connection was last active; the zero time if API Gateway does not say.
// Errors are as for Post.
// https://docs.aws.amazon.com/apigatewaymanagementapi/latest/api_reference/API_GetConnection.html
func (c *Client) Active(ctx context.Context, connectionID string) (time.Time, error) {
	var at time.Time
	err := c.send(ctx, http.MethodGet, connectionID, nil, func(res *http.Response) error {
		if err := answerError(res); err != nil {
			drain(res)
			return err
		}
		body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		if err != nil {
			return fmt.Errorf("%w: %w", stream.ErrUnavailable, err)
		}
		at = lastActive(body)
		return nil
	})
	return at, err
}

// lastActive reads the time, in ISO 8601, from an answer.
func lastActive(body []byte) time.Time {
	var info struct {
		LastActiveAt string `json:"lastActiveAt"`
	}
	if json.Unmarshal(body, &info) != nil {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, info.LastActiveAt) // takes fractions of a second too
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
