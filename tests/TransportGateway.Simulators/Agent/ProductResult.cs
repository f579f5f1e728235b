namespace TransportGateway.Simulators;

/// <summary>What came of one thing a product asked for. <see cref="Display"/> is what its operator would read.</summary>
public abstract record ProductResult
{
    private ProductResult()
    {
    }

    public abstract string Display { get; }

    /// <summary>The answer verified and says OK; the product has taken it over.</summary>
    public sealed record Accepted(LicenseReply Reply) : ProductResult
    {
        public ReplyData.Registration Registration => (ReplyData.Registration)Reply.Data;

        public ReplyData.Authorization Authorization => (ReplyData.Authorization)Reply.Data;

        public override string Display => Reply.Header.RequestType switch
        {
            RequestType.Registration => "Registration completed successfully",
            RequestType.Authorization => "Authorization completed successfully",
            RequestType.IdCertRenew => "The ID certificate was renewed",
            RequestType.Deregistration => "The product was de-registered",
            _ => "The gateway answered OK",
        };
    }

    /// <summary>The gateway said no, or not now: FAILED, OK_TRY_AGAIN or VERSION_TOO_HIGH.</summary>
    /// <remarks>
    /// Not verified only where nothing can be: before its first registration a product holds no certificate of the gateway's.
    /// </remarks>
    public sealed record Refused(string Status, string? Code, string Message, bool Verified, LicenseReply Reply) : ProductResult
    {
        public override string Display => $"{Status}: {Message}";
    }

    /// <summary>The gateway took the message and wants to be asked again for the answer.</summary>
    public sealed record MustPoll(long PollId, TimeSpan Interval, LicenseReply Reply) : ProductResult
    {
        public override string Display => $"The answer is not ready; the product asks again in {Interval.TotalSeconds:0} s";
    }

    /// <summary>Something came back that is not to be believed. Nothing changed in the product.</summary>
    public sealed record Unverifiable(VerificationStep Step, string Reason, HttpAnswer Answer) : ProductResult
    {
        public override string Display => $"{Titles[Step]}: {Reason}";
    }

    /// <summary>Nothing came back. Nothing changed in the product, and the message waits to be sent again.</summary>
    /// <remarks>It may have arrived when the connection broke after the message could have reached the gateway.</remarks>
    public sealed record Unreachable(string Reason, bool MayHaveArrived) : ProductResult
    {
        public override string Display => Reason;
    }

    /// <summary>The product did not even ask, because it is in no state to.</summary>
    public sealed record NotSent(string Reason) : ProductResult
    {
        public override string Display => Reason;
    }

    private static readonly Dictionary<VerificationStep, string> Titles = new()
    {
        [VerificationStep.Http] = "HTTP error",
        [VerificationStep.Json] = "The answer could not be read",
        [VerificationStep.Version] = "Version of the answer failed to match",
        [VerificationStep.Nonce] = "Nonce failed to match",
        [VerificationStep.Identifier] = "Product instance identifier failed to match",
        [VerificationStep.Vendor] = "Vendor string failed to match",
        [VerificationStep.Status] = "INVALID STATUS CODE",
        [VerificationStep.Chain] = "Trust chain validation failed",
        [VerificationStep.SigningCertificate] = "Signing certificate verification failed",
        [VerificationStep.Signature] = "Response signature verification failed",
        [VerificationStep.NodeCertificate] = "ID certificate verification failed",
        [VerificationStep.Content] = "The answer does not fit the request",
    };
}
