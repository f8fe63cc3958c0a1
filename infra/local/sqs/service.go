// Package sqs is a small Amazon SQS on one machine: standard and FIFO queues
// behind the JSON protocol that SDKs and the AWS CLI speak, and a Go API for
// the program around it.
//
// It keeps what a program can notice: visibility timeouts, delays, long
// polling, message attributes with the digests that SDKs verify, size limits,
// dead-letter queues, and for FIFO queues order per message group, groups that
// block only themselves while a message of theirs is in flight, and five
// minutes of deduplication, by queue or by group. Errors have AWS's types, so
// that SDKs map them.
//
// Messages are held in memory only: a local run starts empty, and nothing that
// matters is kept in a queue for long. All queues share one lock: the work
// under it is small, and dead-letter queues then need no second one.
//
// The behaviour follows
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html and
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/welcome.html.
// Not there: the old query protocol, permissions, encryption, tags, quotas of
// calls and of messages in flight, attempts of receiving that can be repeated,
// moving messages back from a dead-letter queue. What can be asked for answers
// a clear error.
package sqs

import (
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Options describes the account that the queues belong to. All fields have
// defaults.
type Options struct {
	Region    string // default us-east-1
	AccountID string // default 000000000000
	// BaseURL is the scheme and host in queue URLs, such as
	// "http://127.0.0.1:9324". By default the host that a request names.
	BaseURL string
	Logger  *slog.Logger
}

// Service is an SQS endpoint with its queues. It is safe for concurrent use.
type Service struct {
	options Options
	log     *slog.Logger

	mu     sync.Mutex
	queues map[string]*queue // by name
}

// New starts with no queues.
func New(o Options) *Service {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.AccountID == "" {
		o.AccountID = "000000000000"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	return &Service{options: o, log: o.Logger, queues: map[string]*queue{}}
}

// find returns a queue that is named by name, ARN or URL. The caller holds mu.
func (s *Service) find(queue string) (*queue, error) {
	name := queue
	switch {
	case strings.HasPrefix(queue, "arn:"):
		prefix := s.arn("")
		if !strings.HasPrefix(queue, prefix) {
			return nil, errNoQueue
		}
		name = queue[len(prefix):]
	case strings.Contains(queue, "/"):
		account, last, ok := strings.Cut(pathOf(queue), "/")
		if !ok || account != s.options.AccountID {
			return nil, errNoQueue
		}
		name = last
	}
	if q := s.queues[name]; q != nil {
		return q, nil
	}
	return nil, errNoQueue
}

// pathOf is the path of a URL, or of what lacks scheme and host, without its
// first slash.
func pathOf(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		_, url, _ = strings.Cut(rest, "/")
	}
	return strings.TrimPrefix(url, "/")
}

func (s *Service) arn(name string) string {
	return "arn:aws:sqs:" + s.options.Region + ":" + s.options.AccountID + ":" + name
}

// url is the URL of a queue, on host if Options has no BaseURL.
func (s *Service) url(host, name string) string {
	base := s.options.BaseURL
	if base == "" {
		base = "http://" + host
	}
	return base + "/" + s.options.AccountID + "/" + name
}

// create makes a queue, or returns the one that has the same settings.
func (s *Service) create(name string, attributes map[string]string) (*queue, error) {
	settings, err := newSettings(name, attributes)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkRedrive(name, settings.redrive); err != nil {
		return nil, err
	}
	if q := s.queues[name]; q != nil {
		if !q.settings.allows(attributes) {
			return nil, errQueueExists
		}
		return q, nil
	}
	q := newQueue(name, settings, time.Now())
	s.queues[name] = q
	return q, nil
}

// checkRedrive wants a dead-letter queue that exists and is of the same kind.
func (s *Service) checkRedrive(name string, r *redrivePolicy) error {
	if r == nil {
		return nil
	}
	dead, err := s.find(r.DeadLetterTargetArn)
	if err != nil || dead.settings.fifo() != isFIFO(name) {
		return invalid("Value %s for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist or is not of the same type.", r.raw)
	}
	return nil
}
