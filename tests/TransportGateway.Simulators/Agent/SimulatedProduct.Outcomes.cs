using System.Text.Json;

namespace TransportGateway.Simulators;

/// <summary>What each result does to the product's state.</summary>
public sealed partial class SimulatedProduct
{
    private ProductState After(PendingMessage pending, ProductResult result)
    {
        if (pending.Request is ProductRequest.Deregister)
        {
            return State.Forgotten(result is ProductResult.Accepted ? null : result.Display);
        }

        return result switch
        {
            ProductResult.Accepted accepted => AfterAccepted(pending, accepted),
            ProductResult.MustPoll poll => State with
            {
                Pending = new PendingMessage
                {
                    Request = new ProductRequest.Poll(poll.PollId),
                    Message = null,
                    NextAttempt = options.Clock.GetUtcNow() + poll.Interval,
                },
            },
            ProductResult.Refused refused => AfterRefused(pending, refused),
            ProductResult.Unverifiable unverifiable => Postponed(pending, result, pending.Message, unverifiable.Answer.RetryAfter),
            _ => Postponed(pending, result, pending.Message),
        };
    }

    private ProductState AfterAccepted(PendingMessage pending, ProductResult.Accepted accepted)
    {
        var now = options.Clock.GetUtcNow();
        var header = accepted.Reply.Header;
        return accepted.Reply.Data switch
        {
            ReplyData.Registration registration => State.Registered(registration, header, pending.KeyName!, now),
            ReplyData.Authorization authorization => State.Authorized(authorization, header, now),
            _ => State with { Pending = null, LastFailure = null },
        };
    }

    private ProductState AfterRefused(PendingMessage pending, ProductResult.Refused refused)
    {
        if (refused.Status == ReplyWords.OkTryAgain)
        {
            // The server does not know whether the work was done. The same bytes can do no harm: it answers a message once.
            return Postponed(pending, refused, pending.Message);
        }

        if (refused.Verified && SaysIdentityIsGone(refused.Message))
        {
            return State.Forgotten(refused.Display);
        }

        return pending.Request switch
        {
            ProductRequest.Authorize or ProductRequest.RenewIdCertificate => Postponed(pending, refused, message: null),
            ProductRequest.Register when !State.IsRegistered => State.Forgotten(refused.Display) with { Registration = RegistrationStatus.Failed },
            _ => State with { Pending = null, LastFailure = refused.Display },
        };
    }

    /// <summary>Nothing that counts changes; only the next attempt is planned.</summary>
    private ProductState Postponed(PendingMessage pending, ProductResult result, SealedMessage? message, TimeSpan? atLeast = null)
    {
        var failures = pending.Failures + 1;
        var delay = options.Retry.Delay(failures);
        return State with
        {
            Registration = State.IsRegistered ? State.Registration : RegistrationStatus.RetryInProgress,
            LastFailure = result.Display,
            Pending = pending with
            {
                Message = message,
                Failures = failures,
                NextAttempt = options.Clock.GetUtcNow() + (atLeast > delay ? atLeast.Value : delay),
            },
        };
    }

    /// <summary>The documented text of a product instance that was removed comes under the name of its identifier.</summary>
    private static bool SaysIdentityIsGone(string message)
    {
        try
        {
            using var errors = JsonDocument.Parse(message);
            return errors.RootElement.ValueKind == JsonValueKind.Object
                && errors.RootElement.TryGetProperty("product_instance_identifier", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
