package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"github.com/pion/webrtc"
)

// Everybody, by the names that they gave.
//
//	POST /publish?id=            an offer; the answer
//	POST /subscribe?id=&to=&rid= the same, for all tracks of a publisher
//	POST /switch?id=&rid=        another layer for a subscriber
//	POST /network?loss=&reorder=&duplicate=   from now on, each from 0 to 1
//	GET  /network                what has happened to packets
//	GET  /layers?id=             RIDs of a publisher that have come
//	GET  /seen?id=               all payloads that came from a publisher
type room struct {
	api         *webrtc.API
	network     *network
	mu          sync.Mutex
	publishers  map[string]*publisher
	subscribers map[string]*subscriber
}

func newRoom(api *webrtc.API, network *network) *room {
	return &room{
		api: api, network: network,
		publishers: map[string]*publisher{}, subscribers: map[string]*subscriber{},
	}
}

var errUnknown = errors.New("nobody of that name")

func (room *room) handler() http.Handler {
	routes := map[string]func(query url.Values, body string) (any, error){
		"POST /publish":   room.takePublisher,
		"POST /subscribe": room.takeSubscriber,
		"POST /switch":    room.switchLayer,
		"POST /network":   room.setNetwork,
		"GET /network":    func(url.Values, string) (any, error) { return room.network.report(), nil },
		"GET /layers":     room.layersOf,
		"GET /seen":       room.seenOf,
	}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		response.Header().Set("Access-Control-Allow-Origin", "*")
		run := routes[request.Method+" "+request.URL.Path]
		if run == nil {
			http.NotFound(response, request)
			return
		}
		body, err := io.ReadAll(io.LimitReader(request.Body, 1<<20))
		if err != nil {
			return
		}
		result, err := run(request.URL.Query(), string(body))
		if err != nil {
			http.Error(response, fmt.Sprintf("%s: %v", request.URL.Path, err), http.StatusBadRequest)
			return
		}
		switch value := result.(type) {
		case string:
			_, _ = io.WriteString(response, value)
		case []byte:
			_, _ = response.Write(value)
		default:
			_ = json.NewEncoder(response).Encode(value)
		}
	})
}

func (room *room) takePublisher(query url.Values, offer string) (any, error) {
	p, answer, err := room.publish(offer)
	if err != nil {
		return nil, err
	}
	room.mu.Lock()
	defer room.mu.Unlock()
	room.publishers[query.Get("id")] = p
	return answer, nil
}

func (room *room) publisher(name string) (*publisher, error) {
	room.mu.Lock()
	defer room.mu.Unlock()
	if p := room.publishers[name]; p != nil {
		return p, nil
	}
	return nil, errUnknown
}

func (room *room) takeSubscriber(query url.Values, offer string) (any, error) {
	p, err := room.publisher(query.Get("to"))
	if err != nil {
		return nil, err
	}
	s, answer, err := room.subscribe(p, offer, query.Get("rid"))
	if err != nil {
		return nil, err
	}
	room.mu.Lock()
	defer room.mu.Unlock()
	room.subscribers[query.Get("id")] = s
	return answer, nil
}

func (room *room) switchLayer(query url.Values, _ string) (any, error) {
	room.mu.Lock()
	s := room.subscribers[query.Get("id")]
	room.mu.Unlock()
	if s == nil {
		return nil, errUnknown
	}
	s.want(query.Get("rid"))
	return "", nil
}

func (room *room) setNetwork(query url.Values, _ string) (any, error) {
	var to faults
	for name, rate := range map[string]*float64{
		"loss": &to.Loss, "reorder": &to.Reorder, "duplicate": &to.Duplicate,
	} {
		if !query.Has(name) {
			continue
		}
		value, err := strconv.ParseFloat(query.Get(name), 64)
		if err != nil || value < 0 || value > 1 {
			return nil, fmt.Errorf("%s must be from 0 to 1", name)
		}
		*rate = value
	}
	room.network.set(to)
	return "", nil
}

func (room *room) layersOf(query url.Values, _ string) (any, error) {
	p, err := room.publisher(query.Get("id"))
	if err != nil {
		return nil, err
	}
	rids := []string{}
	for _, t := range p.tracks {
		t.mu.Lock()
		for rid := range t.layers {
			rids = append(rids, rid)
		}
		t.mu.Unlock()
	}
	return rids, nil
}

func (room *room) seenOf(query url.Values, _ string) (any, error) {
	p, err := room.publisher(query.Get("id"))
	if err != nil {
		return nil, err
	}
	return p.recorded(), nil
}
