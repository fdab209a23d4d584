package node

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"partyline/media"
)

// registry holds the metrics of the program itself and of the rooms that
// package api does not know.
func (n *Node) registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		rooms{n},
	)
	return r
}

// rooms reads the counters of sip, media and sms at each scrape.
type rooms struct{ n *Node }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("partyline_"+name, help, labels, nil)
}

var (
	sipCalls     = desc("sip_calls_total", "Calls placed since the start.")
	sipActive    = desc("sip_calls_active", "Calls not yet over, cleaning up included.")
	sipPackets   = desc("sip_messages_dropped_total", "SIP messages not taken, by reason.", "reason")
	sipStrays    = desc("sip_stray_answers_total", "Late or forked 200s that were acknowledged and hung up.")
	trunkUp      = desc("trunk_up", "1 when the trunk takes calls.", "trunk")
	trunkInUse   = desc("trunk_channels_in_use", "Calls on the trunk.", "trunk")
	trunkResting = desc("trunk_resting", "1 while the trunk rests after a 503 with Retry-After.", "trunk")

	mediaLegs     = desc("media_legs", "Legs with a port.")
	mediaRooms    = desc("media_rooms", "Rooms with a mix.")
	mediaFiltered = desc("media_legs_filtered", "Legs whose sound the kernel drops because nobody may hear it.")
	mediaPackets  = desc("media_packets_total", "RTP packets.", "direction")
	mediaDropped  = desc("media_packets_dropped_total", "Packets not taken, by reason.", "reason")
	mediaTicks    = desc("media_ticks_total", "Ticks by how they went.", "kind")
	mediaLateness = desc("media_tick_lateness_seconds", "How late ticks began.")
	mediaBudget   = desc("media_frame_budget_used", "Share of 20 ms the busiest worker needs; 1 is all of it.")

	smsTexts   = desc("sms_texts_total", "Texts by what became of them.", "result")
	smsWaiting = desc("sms_texts_waiting", "Texts not settled.")
	smsFaults  = desc("sms_configuration_faults_total", "Refusals by the provider that only the operator can mend.")
	smsForged  = desc("sms_forged_reports_total", "Delivery reports with a wrong signature.")
)

func (rooms) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{sipCalls, sipActive, sipPackets, sipStrays, trunkUp, trunkInUse, trunkResting,
		mediaLegs, mediaRooms, mediaFiltered, mediaPackets, mediaDropped, mediaTicks, mediaLateness, mediaBudget,
		smsTexts, smsWaiting, smsFaults, smsForged} {
		ch <- d
	}
}

func (r rooms) Collect(ch chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s := r.n.agent.Stats()
	count(sipCalls, s.Calls)
	gauge(sipActive, float64(s.Active))
	count(sipPackets, s.Refused, "stranger")
	count(sipPackets, s.Flooded, "flood")
	count(sipPackets, s.Malformed, "malformed")
	count(sipPackets, s.Dropped, "full")
	count(sipStrays, s.Strays)
	for _, t := range r.n.agent.Trunks() {
		gauge(trunkUp, number(t.Up), t.Name)
		gauge(trunkInUse, float64(t.InUse), t.Name)
		gauge(trunkResting, number(t.RestingUntil.After(time.Now())), t.Name)
	}

	m := r.n.engine.Stats()
	gauge(mediaLegs, float64(m.Legs))
	gauge(mediaRooms, float64(m.Rooms))
	gauge(mediaFiltered, float64(m.Filtered))
	count(mediaPackets, m.In, "in")
	count(mediaPackets, m.Out, "out")
	count(mediaDropped, m.Malformed, "malformed")
	count(mediaDropped, m.Strangers, "stranger")
	count(mediaDropped, m.Unknown, "unknown_payload")
	count(mediaDropped, m.Refused, "not_sent")
	count(mediaDropped, m.Overflowed, "socket_full")
	count(mediaTicks, m.Ticks, "all")
	count(mediaTicks, m.Late, "late")
	count(mediaTicks, m.Skipped, "skipped")
	count(mediaTicks, m.Unmet, "without_another_worker")
	gauge(mediaBudget, m.Budget)
	ch <- lateness(m)

	t := r.n.outbox.Stats()
	count(smsTexts, t.Sent, "sent")
	count(smsTexts, t.Delivered, "delivered")
	count(smsTexts, t.Failed, "failed")
	count(smsTexts, t.Retries, "retried")
	count(smsTexts, t.Limited, "limited")
	gauge(smsWaiting, float64(t.Waiting))
	count(smsFaults, t.ConfigurationFaults)
	count(smsForged, t.ForgedReports)
}

func lateness(m media.EngineStats) prometheus.Metric {
	buckets := make(map[float64]uint64, len(media.LatenessBounds))
	total := uint64(0)
	for i, bound := range media.LatenessBounds {
		total += m.Lateness[i]
		buckets[bound.Seconds()] = total
	}
	total += m.Lateness[len(media.LatenessBounds)]
	// The engine keeps no sum; buckets are what matters here.
	return prometheus.MustNewConstHistogram(mediaLateness, total, 0, buckets)
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
